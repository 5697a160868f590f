// The quantization `sage`: which of its candidates, or none, a problem gets. Pure; the planner asks families and records.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cache/record_store.hpp"
#include "generator/family.hpp"
#include "generator/problem.hpp"

namespace attune::runtime {

bool asks_for_choice(const Problem& problem);  // its quantization is `sage`

// The problem with each of quantization_candidates(), and without any quantization last.
std::vector<Problem> quantization_alternatives(const Problem& problem);

// One of them that some family does on the device, and the records of its tuning key.
struct Alternative {
  Problem problem;
  std::vector<cache::StoredRecord> records;
};

struct RankedAlternatives {
  std::vector<size_t> order;       // indices of the alternatives, best first
  std::string why;                 // of the first one, as a clause: "sage2-8b: ..."
  std::vector<std::string> notes;  // records that could not decide, and why
};

// Times decide where at least two alternatives were measured on one shape under one cache regime: this very shape, else
// that of the bucket on which the most were. A quantized one must be faster than none by quantization_margin; what was not
// measured there comes after what was. Elsewhere estimates of peak rates decide (generator/break_even.hpp).
RankedAlternatives rank_alternatives(const Problem& asked, std::span<const Alternative> alternatives,
                                     const DeviceClass& device);

}  // namespace attune::runtime
