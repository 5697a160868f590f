#include "generator/llvm/gpu_thread.hpp"

#include <llvm/IR/IntrinsicsNVPTX.h>

namespace attune::ir {
namespace {

constexpr unsigned global_space = 1, shared_space = 3;

Value* all_lanes(Builder& b) { return b.raw().getInt32(0xffffffffU); }

Value* call(Builder& b, llvm::Intrinsic::ID id, const Values& arguments, const std::string& name) {
  return b.raw().CreateIntrinsic(id, {}, arguments, nullptr, name);
}

// fp32 of the bits of a 16-bit type, given as a 16-bit integer.
Value* widened(Builder& b, DType dtype, Value* bits) {
  auto& ir = b.raw();
  if (dtype == DType::f16) return ir.CreateFPExt(ir.CreateBitCast(bits, ir.getHalfTy()), b.f32());
  return ir.CreateBitCast(ir.CreateShl(ir.CreateZExt(bits, b.i32()), ir.getInt32(16)), b.f32());
}

}  // namespace

Target gpu_target(std::string_view arch) {
  Target target;
  target.arch = arch;
  target.cpu = arch;
  target.lanes = 1;
  target.registers = 255;
  target.fused = target.half_convert = true;
  return target;
}

Value* begin_kernel(Builder& b, const std::string& name, int64_t parameter_bytes, int64_t threads) {
  auto& ir = b.raw();
  b.module().setTargetTriple("nvptx64-nvidia-cuda");
  auto* type = llvm::FunctionType::get(ir.getVoidTy(), {b.ptr()}, false);
  auto* kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, b.module());
  kernel->setCallingConv(llvm::CallingConv::PTX_Kernel);
  kernel->addFnAttr(llvm::Attribute::NoUnwind);
  auto* block = llvm::ArrayType::get(ir.getInt8Ty(), static_cast<uint64_t>(parameter_bytes));
  kernel->addParamAttr(0, llvm::Attribute::getWithByValType(ir.getContext(), block));
  kernel->addParamAttr(0, llvm::Attribute::getWithAlignment(ir.getContext(), llvm::Align(8)));
  kernel->getArg(0)->setName("arguments");
  // The way in which LLVM 19 is told of kernels and their CTAs; newer ones read it too.
  auto* annotations = b.module().getOrInsertNamedMetadata("nvvm.annotations");
  const auto note = [&](const char* what, int64_t value) {
    auto* number = llvm::ConstantAsMetadata::get(ir.getInt32(static_cast<uint32_t>(value)));
    llvm::Metadata* fields[] = {llvm::ConstantAsMetadata::get(kernel), llvm::MDString::get(ir.getContext(), what), number};
    annotations->addOperand(llvm::MDNode::get(ir.getContext(), fields));
  };
  note("kernel", 1);
  note("reqntidx", threads);
  note("reqntidy", 1);
  note("reqntidz", 1);
  ir.SetInsertPoint(llvm::BasicBlock::Create(ir.getContext(), "entry", kernel));
  return kernel->getArg(0);
}

Value* thread_index(Builder& b) {
  return b.raw().CreateZExt(call(b, llvm::Intrinsic::nvvm_read_ptx_sreg_tid_x, {}, "tid"), b.i64(), "thread");
}

Value* block_index(Builder& b) {
  return b.raw().CreateZExt(call(b, llvm::Intrinsic::nvvm_read_ptx_sreg_ctaid_x, {}, "ctaid"), b.i64(), "block");
}

Value* to_global(Builder& b, Value* pointer, const std::string& name) {
  return b.raw().CreateAddrSpaceCast(pointer, b.raw().getPtrTy(global_space), name);
}

Value* shared_memory(Builder& b, const std::string& name, int64_t bytes) {
  auto* type = llvm::ArrayType::get(b.raw().getInt8Ty(), static_cast<uint64_t>(bytes));
  auto* array =
      new llvm::GlobalVariable(b.module(), type, false, llvm::GlobalValue::InternalLinkage, llvm::UndefValue::get(type),
                               name, nullptr, llvm::GlobalValue::NotThreadLocal, shared_space);
  array->setAlignment(llvm::Align(16));
  return array;
}

Value* shuffle_xor(Builder& b, Value* value, int64_t lane_mask) {
  auto& ir = b.raw();
  return call(b, llvm::Intrinsic::nvvm_shfl_sync_bfly_f32,
              {all_lanes(b), value, ir.getInt32(static_cast<uint32_t>(lane_mask)), ir.getInt32(31)}, "other");
}

Value* shuffle_from(Builder& b, Value* value, Value* source_lane) {
  return call(b, llvm::Intrinsic::nvvm_shfl_sync_idx_f32, {all_lanes(b), value, source_lane, b.raw().getInt32(31)}, "given");
}

Value* ballot(Builder& b, Value* condition) {
  return call(b, llvm::Intrinsic::nvvm_vote_ballot_sync, {all_lanes(b), condition}, "lanes");
}

void warp_barrier(Builder& b) { call(b, llvm::Intrinsic::nvvm_bar_warp_sync, {all_lanes(b)}, ""); }

Value* warp_max(Builder& b, Value* value) {
  for (int64_t distance = warp_lanes / 2; distance >= 1; distance /= 2) {
    value = b.fmax(shuffle_xor(b, value, distance), value, "max");
  }
  return value;
}

Value* warp_sum(Builder& b, Value* value) {
  for (int64_t distance = warp_lanes / 2; distance >= 1; distance /= 2) {
    value = b.raw().CreateFAdd(value, shuffle_xor(b, value, distance), "sum");
  }
  return value;
}

Value* load_element(Builder& b, DType dtype, Value* address, const std::string& name) {
  if (dtype == DType::f32) return b.load(b.f32(), address, 4, name);
  return widened(b, dtype, b.load(b.raw().getInt16Ty(), address, 2, name + ".bits"));
}

void store_element(Builder& b, DType dtype, Value* value, Value* address) {
  auto& ir = b.raw();
  if (dtype == DType::f32) return b.store(value, address, 4);
  auto* type = dtype == DType::f16 ? ir.getHalfTy() : ir.getBFloatTy();
  b.store(ir.CreateFPTrunc(value, type), address, 2);
}

Values load_elements(Builder& b, DType dtype, Value* address, const std::string& name) {
  auto& ir = b.raw();
  Value* words = b.load(llvm::FixedVectorType::get(b.i32(), 4), address, 16, name + ".words");
  Values elements;
  for (uint64_t i = 0; i < 4; ++i) {
    Value* word = ir.CreateExtractElement(words, i);
    if (dtype == DType::f32) {
      elements.push_back(ir.CreateBitCast(word, b.f32(), name));
    } else if (dtype == DType::bf16) {
      elements.push_back(ir.CreateBitCast(ir.CreateShl(word, ir.getInt32(16)), b.f32(), name));
      elements.push_back(ir.CreateBitCast(ir.CreateAnd(word, ir.getInt32(0xffff0000U)), b.f32(), name));
    } else {
      elements.push_back(widened(b, dtype, ir.CreateTrunc(word, ir.getInt16Ty())));
      elements.push_back(widened(b, dtype, ir.CreateTrunc(ir.CreateLShr(word, ir.getInt32(16)), ir.getInt16Ty())));
    }
  }
  return elements;
}

}  // namespace attune::ir
