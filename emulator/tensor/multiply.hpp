// The inner loops of mma in two forms with the same results: portable, and for x86 processors with AVX2, FMA and F16C.
//
// Private to this room. Products of two operands are exact in double, so that a fused multiply-add rounds as the separate
// operations do; both forms add in the same order.
#pragma once

#include <span>

#include "emulator/tensor/fragments.hpp"

namespace attune::emulator {

// operands.sum += operands.a * operands.b over `rows` rows and `depth` columns of A.
void multiply_portable(MmaOperands& operands, int rows, int depth);

// Whether this processor (and this build) has the vector form. Asked once.
bool has_vector_form();

// As multiply_portable(). Only where has_vector_form().
void multiply_vector(MmaOperands& operands, int rows, int depth);

// The multiplication in the form that this processor has, or with the short accumulator.
void multiply(const MmaInstruction& instruction, bool is_short, MmaOperands& operands);

// The whole of an mma of 16-bit floats, 8-bit floats or bytes in m16n8, the forms that attention lives on, in an eighth to a
// quarter of a microsecond. False, and nothing done, for other forms and where there is no vector form.
bool mma_vector(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
                std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c,
                std::span<LaneRegisters* const> d);

}  // namespace attune::emulator
