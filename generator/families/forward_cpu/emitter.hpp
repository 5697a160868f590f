// Emission of forward_cpu, one member function per function of the emitted module.
#pragma once

#include <cmath>
#include <functional>

#include "generator/families/forward_cpu/arguments.hpp"
#include "generator/families/forward_cpu/prepared.hpp"
#include "generator/families/forward_cpu/shape.hpp"
#include "generator/given_operands.hpp"

#include "generator/llvm/builder.hpp"
#include "generator/llvm/vector_math.hpp"

namespace attune::forward_cpu {

using ir::Value;
using ir::Values;

// sum + a * b of one register of words, in what the form sums in: fp32, integers in 32-bit words. scores.cpp.
Value* multiply_accumulate(ir::Builder& b, Form form, Value* a_words, Value* b_words, Value* sum);

class Emitter {
 public:
  Emitter(const Shape& shape, const std::string& module_name) : s_(shape), b_(module_name, shape.target) {}

  // The whole module, as text.
  std::string emit();

 private:
  // pack.cpp
  void emit_pack_keys();
  void emit_pack_values();
  void emit_scan_values();
  // scores.cpp
  void emit_scores_packed();
  void emit_scores_direct();
  void emit_modify_scores();
  void emit_mask_interval();
  // softmax.cpp
  void emit_softmax();
  Value* store_quantized(Value* p, Value* p_inverse, Value* out, Value* index);
  // accumulate.cpp
  void emit_accumulate();
  void emit_accumulate_guarded();
  // quantized_accumulate.cpp
  void emit_accumulate_integers();
  void emit_accumulate_halves();
  void emit_poison_outputs();
  void emit_score_sinks();
  void over_output_chunks(const std::function<void(Value* first, int64_t columns)>& chunk);
  Values add_products(Value* begin, Value* end, Value* probabilities, Value* from, int64_t columns, const Values& initial);
  // visit.cpp
  void emit_visit_block();
  // item.cpp
  void emit_begin_item();
  void emit_finish_item();
  void emit_forward();
  // combine.cpp
  void emit_combine();

  // prepare_rows.cpp: what the launches before attune_forward do with blocks of rows, staged as fp32.
  void emit_stage(const std::string& name, int64_t columns, bool paged);
  void emit_add_columns();
  void emit_column_means();
  void emit_smooth(const std::string& name, bool rounds);
  void emit_group_scales(const std::string& name, const ScaleGroups& groups, int64_t rows);
  void emit_encode(const std::string& name, bool query);
  llvm::Function* stage_function(const std::string& name);
  // prepare_given.cpp
  void emit_stage_codes(const std::string& name);
  void emit_stage_value_codes();
  void emit_given_scales(const std::string& name, const ScaleGroups& groups);
  Value* numbers_of_codes(Value* bytes, bool e4m3);
  // prepare_keys.cpp, prepare_values.cpp, prepare_queries.cpp
  void emit_pack_words();
  void emit_find_sinks();
  void emit_prepare_keys();
  void emit_encode_values();
  void emit_prepare_values();
  void emit_prepare_kv();
  void emit_row_product();
  void emit_prepare_queries();
  void emit_quantizers();

  // Reads one field of the argument block.
  Value* argument(Value* arguments, size_t offset_bytes, llvm::Type* type, const std::string& name) {
    return b_.load(type, b_.at(arguments, static_cast<int64_t>(offset_bytes)), 8, name);
  }
  Value* number64(Value* arguments, size_t offset_bytes, const std::string& name) {
    return argument(arguments, offset_bytes, b_.i64(), name);
  }
  Value* pointer(Value* arguments, size_t offset_bytes, const std::string& name) {
    return argument(arguments, offset_bytes, b_.ptr(), name);
  }
  Value* real(Value* arguments, size_t offset_bytes, const std::string& name) {
    return b_.raw().CreateFPTrunc(argument(arguments, offset_bytes, b_.raw().getDoubleTy(), name), b_.f32(), name + ".f32");
  }
  Value* slot(Value* scratch, Slot index, const std::string& name) {
    return b_.load(b_.i64(), b_.at(scratch, index * 8), 8, name);
  }
  Value* slot_pointer(Value* scratch, Slot index, const std::string& name) {
    return b_.load(b_.ptr(), b_.at(scratch, index * 8), 8, name);
  }
  void set_slot(Value* scratch, Slot index, Value* value) { b_.store(value, b_.at(scratch, index * 8), 8); }
  llvm::Function* callee(const std::string& name) { return b_.module().getFunction(name); }

  Value* quantized_slot(Value* scratch, QuantizedSlot index, llvm::Type* type, const std::string& name) {
    return b_.load(type, b_.at(scratch, s_.slots_at + index * 8), 8, name);
  }
  void set_quantized_slot(Value* scratch, QuantizedSlot index, Value* value) {
    b_.store(value, b_.at(scratch, s_.slots_at + index * 8), 8);
  }

  // The rows of a batch element.
  struct Lengths {
    Value *q_len, *kv_len;
    Value *q_start, *kv_start;  // first rows in packed tensors, 0 otherwise
  };
  Lengths lengths_of(Value* arguments, Value* batch);
  // Where a sequence begins in the workspace, in rows from the start of the buffers of Q, or of K and V.
  Value* prepared_q_row(Value* arguments, Value* batch, Value* head, Value* q_start);
  Value* prepared_kv_row(Value* arguments, Value* batch, Value* kv_head, Value* kv_start);
  Value* kv_head_index(Value* arguments, Value* batch, Value* kv_head);  // batch * Hkv + head
  // A row of an array of whole registers for each KV head.
  Value* channels(Value* arguments, size_t offset_bytes, const std::string& name, Value* index, int64_t vectors);
  bool packed_kv() const { return s_.varlen && !s_.paged; }
  bool safe() const { return s_.request.scales == ScaleConvention::safe; }
  void transpose_square(Values& tile);
  // The first row of a head of K or V that a launch before attune_forward reads, and its strides.
  struct Source {
    Value *base, *page_stride, *row_stride;
  };
  Source key_source(Value* arguments, Value* batch, Value* kv_head, Value* kv_start, bool values);
  Source value_code_source(Value* arguments, Value* batch, Value* kv_head, Value* kv_start);
  // The scales that were given for a head of Q or K, and the padded row at which its sequence begins.
  struct GivenScales {
    Value *scales, *row;
  };
  GivenScales given_scales_of(Value* arguments, bool query, Value* batch, Value* head, Value* start);
  // Blocks of `rows` rows of a sequence of `length`.
  void over_blocks(Value* length, int64_t rows, const std::function<void(Value* first, Value* count)>& body);
  void clear(Value* at, int64_t bytes);
  void clear_rest(Value* stage, Value* count, int64_t rows);
  // The scale of a group of largest magnitude `amax`, and what elements are multiplied by; scalars or registers.
  struct Scale {
    Value *scale, *inverse;
  };
  Scale scale_of(Value* amax, double target, ScaleConvention convention);
  Value* largest_of(Value* vector, Value* so_far);  // magnitude, as the convention takes it

  // Row r of the item as (query i, query head h): packed GQA interleaves the heads of a group.
  struct Row {
    Value* query;
    Value* head;
  };
  Row row_of(Value* scratch, Value* row);

  void begin_quantized_item(Value* arguments, Value* scratch, Value* batch, Value* kv_head, Value* row);
  void copy_coded_row(Value* arguments, Value* scratch, Value* batch, const Row& row, Value* q_start, Value* r);

  llvm::Function* accumulate_function(const std::string& name);
  // One register of V of the block: fp32 or bf16 pairs from the packed copy, or converted from the caller's rows.
  Value* value_vector(Value* row, Value* offset_bytes, int64_t live, const std::string& name);
  // 1 / l and the factor of the attention sink, for one finished row.
  struct Finish {
    Value* factor;
    Value* lse;
    Value* sink_share;  // of the probability; null without sinks
  };
  // `missing`: what smoothing took off the scores of the row, in natural units; null: nothing.
  Finish finish_row(Value* arguments, Value* head, Value* m, Value* l, Value* missing);
  void store_output(Value* arguments, Value* batch, Value* head, Value* query, Value* query_start,
                    const std::function<Value*(int64_t)>& vector, Value* lse);
  // q . mean key of a finished row in natural units; null where nothing was taken off its scores.
  Value* missing_of(Value* arguments, Value* constant);
  // O of a finished row of quantized V: times the scale of each channel, plus its mean.
  Value* rescaled(Value* arguments, Value* kv_head_index, int64_t v, Value* o, const Finish& finish);

  Shape s_;
  ir::Builder b_;
};

// Byte offset of a field of the argument block.
#define ATTUNE_FIELD(field) offsetof(::attune::forward_cpu::Arguments, field), #field

}  // namespace attune::forward_cpu
