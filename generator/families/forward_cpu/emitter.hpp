// Emission of forward_cpu, one member function per function of the emitted module.
#pragma once

#include <cmath>
#include <functional>

#include "generator/families/forward_cpu/arguments.hpp"
#include "generator/families/forward_cpu/shape.hpp"

#include "generator/llvm/builder.hpp"
#include "generator/llvm/vector_math.hpp"

namespace attune::forward_cpu {

using ir::Value;
using ir::Values;

// sum + a * b of one register, or of its bf16 pairs. scores.cpp.
Value* multiply_accumulate(ir::Builder& b, bool dot, Value* a_words, Value* b_words, Value* sum);

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
  // accumulate.cpp
  void emit_accumulate();
  void emit_accumulate_guarded();
  // visit.cpp
  void emit_visit_block();
  // item.cpp
  void emit_begin_item();
  void emit_finish_item();
  void emit_forward();
  // combine.cpp
  void emit_combine();

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

  // Row r of the item as (query i, query head h): packed GQA interleaves the heads of a group.
  struct Row {
    Value* query;
    Value* head;
  };
  Row row_of(Value* scratch, Value* row);

  llvm::Function* accumulate_function(const std::string& name);
  // One register of V of the block: fp32 or bf16 pairs from the packed copy, or converted from the caller's rows.
  Value* value_vector(Value* row, Value* offset_bytes, int64_t live, const std::string& name);
  // 1 / l and the factor of the attention sink, for one finished row.
  struct Finish {
    Value* factor;
    Value* lse;
  };
  Finish finish_row(Value* arguments, Value* head, Value* m, Value* l);
  void store_output(Value* arguments, Value* batch, Value* head, Value* query, Value* query_start,
                    const std::function<Value*(int64_t)>& vector, Value* lse);

  Shape s_;
  ir::Builder b_;
};

// Byte offset of a field of the argument block.
#define ATTUNE_FIELD(field) offsetof(::attune::forward_cpu::Arguments, field), #field

}  // namespace attune::forward_cpu
