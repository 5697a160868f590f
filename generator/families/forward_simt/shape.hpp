// What emission derives from a spec and a config.
#pragma once

#include <cstdint>
#include <string>

#include "generator/problem.hpp"
#include "generator/values.hpp"

namespace attune::forward_simt {

struct Shape {
  Shape(const Spec& spec, const Config& config);

  // From the spec.
  std::string arch;
  DType dtype;
  int64_t head_dim_qk, head_dim_v, group;
  bool causal, window_left, window_right, bottom_right, softcap, sinks, alibi, kv_lengths, varlen, want_lse;
  int64_t page_size;  // 0: not paged
  MaskKind mask;
  DType mask_dtype;
  bool mask_broadcast_kv;  // one mask column for all keys
  bool mask_short;         // the mask ends before the keys do
  SparsityKind sparsity;
  bool full_lists, partial_lists;

  // From the config.
  int64_t warps;  // of a CTA: each works on a query row of its own
  int64_t keys;   // of a tile: the online softmax takes one step for all of them

  // Derived.
  int64_t element_bytes;
  int64_t keys_per_lane;
  int64_t outputs_per_lane;  // elements of O that one lane sums
  int64_t query_row_bytes;   // of one warp's query in shared memory, in fp32
  bool paged() const { return page_size > 0; }
};

}  // namespace attune::forward_simt
