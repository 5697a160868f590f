// The tiles of a config, as templates/forward_mma.cuh forms them: what launches, emission and the space must agree on.
#pragma once

#include <algorithm>
#include <cstdint>

#include "generator/problem.hpp"
#include "generator/values.hpp"

namespace attune::forward_mma {

inline constexpr int64_t warp_lanes = 32;
inline constexpr int64_t combine_warps = 4;  // rows of one CTA of the combine kernel

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

struct Tiles {
  int64_t qk_columns;  // of the tiles of Q and K: head_dim_qk padded to a k-step of the instruction
  int64_t v_columns;   // of the tile of V
  int64_t shared_bytes;

  Tiles(int64_t head_dim_qk, int64_t head_dim_v, const Config& config)
      : qk_columns(round_up(head_dim_qk, 16)), v_columns(round_up(ceil_div(head_dim_v, config.at("v_splits")), 8)) {
    const int64_t ring = config.at("stages") * config.at("block_n") * (qk_columns + v_columns) * 2;
    const int64_t q = config.at("block_m") * qk_columns * 2;
    shared_bytes = config.at("q_in_registers") != 0 ? std::max(ring, q) : ring + q;
  }
};

// Blocks of query rows of one (batch, head): CTAs that differ in nothing else.
int64_t row_blocks(const Problem& problem, const Config& config);

}  // namespace attune::forward_mma
