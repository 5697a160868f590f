// A second definition of attention, for testing the first: whole matrices, one painted visibility matrix, long double.
// Shares no code with tuner/reference_row.cpp, not even the number formats.
#pragma once

#include <cstdint>
#include <vector>

#include "generator/problem.hpp"
#include "generator/tensors.hpp"

namespace attune::test {

// Result of one (batch, head): rows that exist, in order.
struct HeadResult {
  int64_t rows = 0;
  std::vector<double> o;    // rows x head_dim_v
  std::vector<double> lse;  // rows
};

HeadResult attend_head(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h);

// rows x keys, 1 where query i sees key j: lists, lengths, band and masks taken together.
std::vector<char> visibility(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h);

}  // namespace attune::test
