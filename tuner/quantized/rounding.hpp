// From a group's largest magnitude to its scale, and from a number to its code, by each convention.
//
// Source: the quantizers of SageAttention (the conventions of generator/quantization.hpp) and PTX's cvt. Codes are returned
// as the numbers they stand for. Pure functions, any thread; fp32 arithmetic with subnormals.
#pragma once

#include <cstdint>

#include "generator/quantization.hpp"

namespace attune::tuner::quantized {

// The nearest e4m3 number, ties to even, magnitudes above 448 to 448 (cvt.rn.satfinite.e4m3x2.f32). NaN stays NaN.
float round_e4m3(float value);
// The nearest fp16 number, ties to even; overflow is infinity.
float round_f16(float value);

enum class CodeFormat : uint8_t { int8, int4, e4m3 };
CodeFormat code_format(QkOperand operand);  // not `input`
CodeFormat code_format(PvOperand operand);  // not `input`
// 127, 7 and 448.
float largest_code(CodeFormat format);

// How one group is quantized: its scale (what a code is multiplied by to get the number back), and what the convention
// multiplies or divides by.
struct GroupScale {
  float scale = 1;
  float inverse = 1;  // multiplied by, unless the convention divides
};

// `amax` is the largest magnitude of the group, `target` the code it is mapped to. The safe convention wants a finite amax;
// the others let infinity and NaN take their course.
GroupScale group_scale(ScaleConvention convention, float amax, float target);

// The code of `value`. Integers saturate at -target..target; NaN becomes 0 as an integer.
float quantize(CodeFormat format, ScaleConvention convention, const GroupScale& group, float value);

// Largest magnitude as the convention takes it: the safe one ignores what is not finite, the others only NaN.
class LargestMagnitude {
 public:
  explicit LargestMagnitude(ScaleConvention convention) : finite_only_(convention == ScaleConvention::safe) {}
  void add(float value);
  float value() const { return value_; }

 private:
  bool finite_only_;
  float value_ = 0;
};

}  // namespace attune::tuner::quantized
