// A thin layer over IRBuilder: structured loops with carried values, and the few types and operations that attention needs.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "generator/llvm/target.hpp"

namespace attune::ir {

using llvm::Value;
using Values = std::vector<Value*>;

class Builder {
 public:
  Builder(const std::string& module_name, const Target& target);

  const Target& target() const { return target_; }
  llvm::Module& module() { return *module_; }
  llvm::IRBuilder<>& raw() { return builder_; }
  std::string text() const;  // the module as LLVM assembly

  // Types. `vec` is one register of fp32 lanes, `words` the same register as 32-bit words; with one lane (a GPU thread) both
  // are scalars, and what works on registers works on them.
  llvm::Type* f32() { return builder_.getFloatTy(); }
  llvm::Type* i64() { return builder_.getInt64Ty(); }
  llvm::Type* i32() { return builder_.getInt32Ty(); }
  llvm::Type* ptr() { return builder_.getPtrTy(); }
  llvm::Type* vec() { return register_of(f32()); }
  llvm::Type* words() { return register_of(i32()); }

  // A function with named parameters; internal ones are not inlined, so that each inner loop gets the register file to
  // itself.
  llvm::Function* function(const std::string& name, const std::vector<std::pair<std::string, llvm::Type*>>& parameters,
                           bool entry);
  void call(llvm::Function* callee, const Values& arguments) { builder_.CreateCall(callee, arguments); }
  void finish() { builder_.CreateRetVoid(); }

  // Constants and integer arithmetic.
  Value* count(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  Value* number(double value) { return llvm::ConstantFP::get(f32(), value); }
  Value* splat(double value) { return llvm::ConstantFP::get(vec(), value); }
  Value* splat(Value* scalar, const std::string& name = "");
  Value* splat_words(Value* word, const std::string& name = "");
  // Adding 0 and multiplying by 1 are left out, so that the text shows only what is done.
  Value* add(Value* a, Value* b, const std::string& name = "");
  Value* sub(Value* a, Value* b, const std::string& name = "") { return builder_.CreateSub(a, b, name, false, true); }
  Value* mul(Value* a, Value* b, const std::string& name = "");
  Value* min(Value* a, Value* b, const std::string& name = "");
  Value* max(Value* a, Value* b, const std::string& name = "");
  Value* ceil_div(Value* a, int64_t b, const std::string& name = "");
  Value* round_up(Value* a, int64_t b, const std::string& name = "") { return mul(ceil_div(a, b), count(b), name); }

  // Addresses in bytes, and loads and stores with the alignment of the element unless more is promised.
  Value* at(Value* base, Value* offset_bytes, const std::string& name = "");
  Value* at(Value* base, int64_t offset_bytes, const std::string& name = "") {
    return offset_bytes == 0 ? base : at(base, count(offset_bytes), name);
  }
  Value* load(llvm::Type* type, Value* address, int64_t align, const std::string& name = "");
  void store(Value* value, Value* address, int64_t align);
  // Lanes [0, live) of a vector of `element`; the others are zero and not touched in memory.
  Value* load_first(llvm::Type* element, int64_t lanes, Value* address, int64_t live, const std::string& name = "");
  void store_first(Value* value, Value* address, int64_t live);
  Value* load_lanes(llvm::Type* element, Value* address, Value* lane_mask, const std::string& name = "");
  void prefetch(Value* address);

  // for (index = begin; index < end; index += step). The body gets the index and the carried values and returns the next
  // ones.
  using Body = std::function<Values(Value* index, const Values& carried)>;
  Values loop(const std::string& name, Value* begin, Value* end, int64_t step, const Values& initial, const Body& body);
  void loop(const std::string& name, Value* begin, Value* end, int64_t step, const std::function<void(Value*)>& body);
  void when(Value* condition, const std::string& name, const std::function<void()>& then,
            const std::function<void()>& otherwise = {});
  // The same with results: both branches return as many values.
  Values choose(Value* condition, const std::string& name, const std::function<Values()>& then,
                const std::function<Values()>& otherwise);

  // fp32 vector arithmetic.
  Value* fma(Value* a, Value* b, Value* c, const std::string& name = "");
  Value* fmax(Value* a, Value* b, const std::string& name = "");  // returns b when a is NaN, as maxps
  Value* horizontal_max(Value* vector, const std::string& name = "");
  Value* horizontal_sum(Value* vector, const std::string& name = "");
  Value* lane_numbers();  // <0, 1, 2, ...> as 32-bit words
  Value* shuffle(Value* a, Value* b, const std::vector<int>& lanes, const std::string& name = "");

 private:
  llvm::Type* register_of(llvm::Type* element) {
    if (target_.lanes == 1) return element;
    return llvm::FixedVectorType::get(element, static_cast<unsigned>(target_.lanes));
  }

  Target target_;
  std::unique_ptr<llvm::LLVMContext> context_;
  std::unique_ptr<llvm::Module> module_;
  llvm::IRBuilder<> builder_;
};

}  // namespace attune::ir
