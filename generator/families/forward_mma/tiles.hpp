// The tiles of a config, as templates/forward_mma.cuh forms them: what launches, emission and the space must agree on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "common/arithmetic.hpp"
#include "generator/families/quantized_arguments.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "generator/values.hpp"

namespace attune::forward_mma {

inline constexpr int64_t warp_lanes = 32;
inline constexpr int64_t combine_warps = 4;  // rows of one CTA of the combine kernel

struct Tiles {
  int64_t qk_row_bytes;  // of the tiles of Q and K: head_dim_qk padded to a k step of the instruction
  int64_t v_columns;     // of one CTA
  int64_t v_key_bytes;   // of V for each key of a tile
  int64_t shared_bytes;

  Tiles(int64_t head_dim_qk, int64_t head_dim_v, const Quantization& request, const Config& config)
      : qk_row_bytes(row_bytes(head_dim_qk, request)),
        v_columns(round_up(ceil_div(head_dim_v, config.at("v_splits")), 8)),
        v_key_bytes(request.pv == PvOperand::input ? v_columns * 2 : round_up(v_columns, 16)) {
    const int64_t ring = config.at("stages") * config.at("block_n") * (qk_row_bytes + v_key_bytes);
    const int64_t q = config.at("block_m") * qk_row_bytes;
    shared_bytes = config.at("q_in_registers") != 0 ? std::max(ring, q) : ring + q;
  }

  static int64_t row_bytes(int64_t head_dim_qk, const Quantization& request) {
    return request.quantizes_qk() ? code_row_bytes(request.qk, head_dim_qk) : round_up(head_dim_qk, 16) * 2;
  }
};

// The request of a problem or spec that supports() has seen: neither malformed nor `sage`.
Quantization quantization_of(std::string_view text);

// Blocks of query rows of one (batch, head): CTAs that differ in nothing else.
int64_t row_blocks(const Problem& problem, const Config& config);

}  // namespace attune::forward_mma
