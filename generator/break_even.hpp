// Whether quantizing pays: what the quantizers move against what the tensor cores save, by arithmetic.
//
// A rule for shapes that nobody has measured. It knows peak rates and bytes, neither caches nor clocks nor how far a kernel
// stays below its peak; records of real times overrule it wherever there are some.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"

namespace attune {

// Clock cycles of a device all of whose SMs (cores) work.
struct CycleEstimate {
  double attention = 0;   // products at their peak rate, or reading the operands once where that takes longer
  double quantizers = 0;  // reading the tensors, writing codes, Q means times K, and the launches
  double total() const { return attention + quantizers; }
};

// Of a request that is not `sage`; `none` has no quantizers. A rate that the device does not have is that of plain
// instructions.
CycleEstimate estimate_cycles(const Problem& problem, const Quantization& request, const DeviceClass& device);

// How much faster than without quantization a request has to be for what it loses: estimates, and records as well.
inline constexpr double quantization_margin = 0.98;

// Indices of `requests`, best first: by estimated cycles, but `none` before all that are not faster by the margin, and of
// requests within the margin of each other the one that stands later, which loses less.
std::vector<size_t> rank_by_estimate(const Problem& problem, std::span<const Quantization> requests,
                                     const DeviceClass& device);

// One clause that says why `chosen` comes before `unquantized`, or after it.
std::string explain_estimate(const Problem& problem, const Quantization& chosen, const Quantization& best_quantized,
                             const DeviceClass& device);

}  // namespace attune
