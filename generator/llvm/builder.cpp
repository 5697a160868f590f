#include "generator/llvm/builder.hpp"

#include <llvm/IR/Intrinsics.h>
#include <llvm/Support/raw_ostream.h>

namespace attune::ir {

using llvm::BasicBlock;

Builder::Builder(const std::string& module_name, const Target& target)
    : target_(target),
      context_(std::make_unique<llvm::LLVMContext>()),
      module_(std::make_unique<llvm::Module>(module_name, *context_)),
      builder_(*context_) {
  module_->setSourceFileName(module_name);
}

std::string Builder::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module_->print(stream, nullptr);
  return text;
}

llvm::Function* Builder::function(const std::string& name,
                                  const std::vector<std::pair<std::string, llvm::Type*>>& parameters, bool entry) {
  std::vector<llvm::Type*> types;
  for (const auto& parameter : parameters) types.push_back(parameter.second);
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), types, false);
  auto* function = llvm::Function::Create(
      type, entry ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage, name, *module_);
  for (unsigned i = 0; i < parameters.size(); ++i) {
    function->getArg(i)->setName(parameters[i].first);
    if (types[i]->isPointerTy()) function->addParamAttr(i, llvm::Attribute::NoUndef);
  }
  function->addFnAttr(llvm::Attribute::NoUnwind);
  if (!entry) function->addFnAttr(llvm::Attribute::NoInline);
  // Without this LLVM may split 512-bit vectors in two on CPUs that it believes to slow down.
  const std::string bits = std::to_string(target_.lanes * 32);
  function->addFnAttr("min-legal-vector-width", bits);
  function->addFnAttr("prefer-vector-width", bits);
  builder_.SetInsertPoint(BasicBlock::Create(*context_, "entry", function));
  return function;
}

Value* Builder::splat(Value* scalar, const std::string& name) {
  if (target_.lanes == 1) return scalar;
  return builder_.CreateVectorSplat(static_cast<unsigned>(target_.lanes), scalar, name);
}

Value* Builder::splat_words(Value* word, const std::string& name) {
  if (target_.lanes == 1) return word;
  return builder_.CreateVectorSplat(static_cast<unsigned>(target_.lanes), word, name);
}

namespace {
bool is_constant(Value* value, int64_t expected) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value);
  return constant != nullptr && constant->getSExtValue() == expected;
}
}  // namespace

Value* Builder::add(Value* a, Value* b, const std::string& name) {
  if (is_constant(b, 0)) return a;
  if (is_constant(a, 0)) return b;
  return builder_.CreateAdd(a, b, name, false, true);
}

Value* Builder::mul(Value* a, Value* b, const std::string& name) {
  if (is_constant(b, 1)) return a;
  if (is_constant(a, 1)) return b;
  return builder_.CreateMul(a, b, name, false, true);
}

Value* Builder::min(Value* a, Value* b, const std::string& name) {
  return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b, nullptr, name);
}

Value* Builder::max(Value* a, Value* b, const std::string& name) {
  return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b, nullptr, name);
}

Value* Builder::ceil_div(Value* a, int64_t b, const std::string& name) {
  return builder_.CreateUDiv(add(a, count(b - 1)), count(b), name);
}

Value* Builder::at(Value* base, Value* offset_bytes, const std::string& name) {
  return builder_.CreateInBoundsGEP(builder_.getInt8Ty(), base, offset_bytes, name);
}

Value* Builder::load(llvm::Type* type, Value* address, int64_t align, const std::string& name) {
  return builder_.CreateAlignedLoad(type, address, llvm::Align(static_cast<uint64_t>(align)), name);
}

void Builder::store(Value* value, Value* address, int64_t align) {
  builder_.CreateAlignedStore(value, address, llvm::Align(static_cast<uint64_t>(align)));
}

namespace {
llvm::Constant* first_lanes(llvm::IRBuilder<>& builder, int64_t lanes, int64_t live) {
  std::vector<llvm::Constant*> bits;
  for (int64_t lane = 0; lane < lanes; ++lane) bits.push_back(builder.getInt1(lane < live));
  return llvm::ConstantVector::get(bits);
}
}  // namespace

Value* Builder::load_first(llvm::Type* element, int64_t lanes, Value* address, int64_t live, const std::string& name) {
  auto* type = llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes));
  const auto align = llvm::Align(element->getPrimitiveSizeInBits() / 8);
  if (live >= lanes) return builder_.CreateAlignedLoad(type, address, align, name);
  return builder_.CreateMaskedLoad(type, address, align, first_lanes(builder_, lanes, live),
                                   llvm::Constant::getNullValue(type), name);
}

void Builder::store_first(Value* value, Value* address, int64_t live) {
  auto* type = llvm::cast<llvm::FixedVectorType>(value->getType());
  const auto align = llvm::Align(type->getElementType()->getPrimitiveSizeInBits() / 8);
  if (live >= static_cast<int64_t>(type->getNumElements())) {
    builder_.CreateAlignedStore(value, address, align);
  } else {
    builder_.CreateMaskedStore(value, address, align, first_lanes(builder_, type->getNumElements(), live));
  }
}

Value* Builder::load_lanes(llvm::Type* element, Value* address, Value* lane_mask, const std::string& name) {
  auto* type = llvm::FixedVectorType::get(element, static_cast<unsigned>(target_.lanes));
  return builder_.CreateMaskedLoad(type, address, llvm::Align(element->getPrimitiveSizeInBits() / 8), lane_mask,
                                   llvm::Constant::getNullValue(type), name);
}

void Builder::prefetch(Value* address) {
  builder_.CreateIntrinsic(llvm::Intrinsic::prefetch, {ptr()},
                           {address, builder_.getInt32(0), builder_.getInt32(3), builder_.getInt32(1)});
}

Values Builder::loop(const std::string& name, Value* begin, Value* end, int64_t step, const Values& initial,
                     const Body& body) {
  auto* function = builder_.GetInsertBlock()->getParent();
  auto* before = builder_.GetInsertBlock();
  auto* header = BasicBlock::Create(*context_, name + ".loop", function);
  auto* exit = BasicBlock::Create(*context_, name + ".done", function);

  builder_.CreateCondBr(builder_.CreateICmpSLT(begin, end), header, exit);
  builder_.SetInsertPoint(header);
  auto* index = builder_.CreatePHI(i64(), 2, name);
  index->addIncoming(begin, before);
  std::vector<llvm::PHINode*> phis;
  Values carried;
  for (Value* value : initial) {
    auto* phi = builder_.CreatePHI(value->getType(), 2, name + ".carried");
    phi->addIncoming(value, before);
    phis.push_back(phi);
    carried.push_back(phi);
  }
  const Values next = body(index, carried);
  auto* latch = builder_.GetInsertBlock();
  Value* next_index = add(index, count(step), name + ".next");
  index->addIncoming(next_index, latch);
  for (size_t i = 0; i < phis.size(); ++i) phis[i]->addIncoming(next[i], latch);
  builder_.CreateCondBr(builder_.CreateICmpSLT(next_index, end), header, exit);

  builder_.SetInsertPoint(exit);
  Values results;
  for (size_t i = 0; i < phis.size(); ++i) {
    auto* phi = builder_.CreatePHI(phis[i]->getType(), 2, name + ".result");
    phi->addIncoming(initial[i], before);
    phi->addIncoming(next[i], latch);
    results.push_back(phi);
  }
  return results;
}

void Builder::loop(const std::string& name, Value* begin, Value* end, int64_t step,
                   const std::function<void(Value*)>& body) {
  loop(name, begin, end, step, {}, [&](Value* index, const Values&) {
    body(index);
    return Values{};
  });
}

void Builder::when(Value* condition, const std::string& name, const std::function<void()>& then,
                   const std::function<void()>& otherwise) {
  auto* function = builder_.GetInsertBlock()->getParent();
  auto* then_block = BasicBlock::Create(*context_, name, function);
  auto* else_block = otherwise ? BasicBlock::Create(*context_, name + ".else", function) : nullptr;
  auto* exit = BasicBlock::Create(*context_, name + ".end", function);
  builder_.CreateCondBr(condition, then_block, else_block ? else_block : exit);
  builder_.SetInsertPoint(then_block);
  then();
  builder_.CreateBr(exit);
  if (else_block) {
    builder_.SetInsertPoint(else_block);
    otherwise();
    builder_.CreateBr(exit);
  }
  builder_.SetInsertPoint(exit);
}

Values Builder::choose(Value* condition, const std::string& name, const std::function<Values()>& then,
                       const std::function<Values()>& otherwise) {
  Values first, second;
  BasicBlock *after_first = nullptr, *after_second = nullptr;
  when(
      condition, name,
      [&] {
        first = then();
        after_first = builder_.GetInsertBlock();
      },
      [&] {
        second = otherwise();
        after_second = builder_.GetInsertBlock();
      });
  Values results;
  for (size_t i = 0; i < first.size(); ++i) {
    auto* phi = builder_.CreatePHI(first[i]->getType(), 2, name + ".result");
    phi->addIncoming(first[i], after_first);
    phi->addIncoming(second[i], after_second);
    results.push_back(phi);
  }
  return results;
}

Value* Builder::fma(Value* a, Value* b, Value* c, const std::string& name) {
  // llvm.fma without hardware FMA becomes a library call per lane; fmuladd becomes a multiply and an add.
  const auto id = target_.fused ? llvm::Intrinsic::fma : llvm::Intrinsic::fmuladd;
  return builder_.CreateIntrinsic(id, {a->getType()}, {a, b, c}, nullptr, name);
}

Value* Builder::fmax(Value* a, Value* b, const std::string& name) {
  return builder_.CreateSelect(builder_.CreateFCmpOGT(a, b), a, b, name);
}

Value* Builder::shuffle(Value* a, Value* b, const std::vector<int>& lanes, const std::string& name) {
  return builder_.CreateShuffleVector(a, b, lanes, name);
}

Value* Builder::horizontal_max(Value* vector, const std::string& name) {
  for (int64_t distance = target_.lanes / 2; distance >= 1; distance /= 2) {
    std::vector<int> lanes;
    for (int64_t lane = 0; lane < target_.lanes; ++lane) lanes.push_back(static_cast<int>(lane ^ distance));
    vector = fmax(vector, shuffle(vector, vector, lanes));
  }
  return builder_.CreateExtractElement(vector, count(0), name);
}

Value* Builder::horizontal_sum(Value* vector, const std::string& name) {
  for (int64_t distance = target_.lanes / 2; distance >= 1; distance /= 2) {
    std::vector<int> lanes;
    for (int64_t lane = 0; lane < target_.lanes; ++lane) lanes.push_back(static_cast<int>(lane ^ distance));
    vector = builder_.CreateFAdd(vector, shuffle(vector, vector, lanes));
  }
  return builder_.CreateExtractElement(vector, count(0), name);
}

Value* Builder::lane_numbers() {
  std::vector<llvm::Constant*> numbers;
  for (int64_t lane = 0; lane < target_.lanes; ++lane) numbers.push_back(builder_.getInt32(static_cast<uint32_t>(lane)));
  return llvm::ConstantVector::get(numbers);
}

}  // namespace attune::ir
