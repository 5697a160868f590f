// Emission of forward_simt: one kernel, one warp a query row. Keys are spread over the lanes for the scores, the elements of
// a row of V for the output; the two meet in shuffles. Q waits in shared memory.
#pragma once

#include <string>

#include "generator/families/forward_simt/shape.hpp"
#include "generator/families/gpu_arguments.hpp"

#include "generator/llvm/builder.hpp"
#include "generator/llvm/gpu_thread.hpp"

namespace attune::forward_simt {

using ir::Value;
using ir::Values;

inline constexpr std::string_view entry_name = "attune_forward_simt";

class Emitter {
 public:
  explicit Emitter(const Shape& shape) : s_(shape), b_(std::string(entry_name), ir::gpu_target(shape.arch)) {}

  // The module as text.
  std::string emit();

 private:
  // What a warp works on. All 64-bit numbers, the same on all lanes but `lane`.
  struct Row {
    Value *lane, *warp, *batch, *head, *kv_head, *query;
    Value *first_q, *first_kv;  // rows of the packed tensors at which the batch element starts
    Value* kv_length;
    Value* position;  // of the query among the keys
    Value *lo, *hi;   // keys [lo, hi) are visible, as far as causal, window and the mask's end decide
  };

  // State of the online softmax: the maximum so far in units of log2, the lane's part of the sum, the lane's outputs.
  struct State {
    Value *m, *l;
    Values o;
  };
  static State from(const Values& carried) { return {carried[0], carried[1], {carried.begin() + 2, carried.end()}}; }
  static Values to_values(const State& state);

  // row.cpp: where a warp is, and what it leaves.
  void locate_row();
  void set_interval();
  void stage_query();
  void finish_row(const State& state);

  // keys.cpp: which keys are visited.
  State visit_keys();
  State visit_range(Value* begin, Value* end, bool apply_masks, const State& state);
  State visit_list(bool full, const State& state);

  // tile.cpp: `keys` keys from `key` on, of which those before `end` exist.
  State visit_tile(Value* key, Value* end, bool apply_masks, const State& state);
  Values dot_products(const Values& key_rows);
  Values add_products(const Values& key_rows, Value* first, int64_t count, bool at_once, const Values& sums);
  Value* to_score(Value* product, Value* key, bool apply_masks);
  Value* masked(Value* score, Value* key);
  Values add_values(Value* probability, Value* first_key, const Values& outputs);
  // Address of row `key` of K or V of the warp's batch element and head.
  Value* key_row(Value* key);
  Value* value_row(Value* key);
  Value* row_in_page(Value* base, Value* key, size_t stride_page, size_t stride_row, const std::string& name);

  // Fields of GpuArguments.
  Value* pointer(size_t offset_bytes, const std::string& name);
  Value* number64(size_t offset_bytes, const std::string& name);
  Value* number32(size_t offset_bytes, const std::string& name);  // widened to 64 bits
  Value* real(size_t offset_bytes, const std::string& name);
  // Element `index` of an array of 32-bit integers, widened.
  Value* int32_at(Value* array, Value* index, const std::string& name);

  Shape s_;
  ir::Builder b_;
  Value* arguments_ = nullptr;
  Value* query_ = nullptr;  // the warp's query in shared memory
  Value *keys_ = nullptr, *values_ = nullptr;
  Row row_{};
};

// Byte offset and name of a field of the argument block.
#define ATTUNE_FIELD(field) offsetof(::attune::GpuArguments, field), #field

}  // namespace attune::forward_simt
