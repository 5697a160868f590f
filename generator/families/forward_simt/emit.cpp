#include "generator/families/forward_simt/emitter.hpp"

namespace attune::forward_simt {

std::string Emitter::emit() {
  auto& ir = b_.raw();
  arguments_ =
      ir::begin_kernel(b_, std::string(entry_name), static_cast<int64_t>(sizeof(GpuArguments)), s_.warps * ir::warp_lanes);
  locate_row();
  Value* rows = number32(ATTUNE_FIELD(seqlen_q));
  row_.first_q = b_.count(0);
  if (s_.varlen) {
    Value* ends = pointer(ATTUNE_FIELD(cu_seqlens_q));
    row_.first_q = int32_at(ends, row_.batch, "first_q");
    rows = b_.sub(int32_at(ends, b_.add(row_.batch, b_.count(1)), "end_q"), row_.first_q, "rows");
  }
  // Warps share no memory and no barrier, so one without a row just ends.
  b_.when(ir.CreateICmpSLT(row_.query, rows), "row_exists", [&] {
    set_interval();
    stage_query();
    finish_row(visit_keys());
  });
  b_.finish();
  return b_.text();
}

Value* Emitter::pointer(size_t offset_bytes, const std::string& name) {
  Value* generic = b_.load(b_.ptr(), b_.at(arguments_, static_cast<int64_t>(offset_bytes)), 8, name + ".generic");
  return ir::to_global(b_, generic, name);
}

Value* Emitter::number64(size_t offset_bytes, const std::string& name) {
  return b_.load(b_.i64(), b_.at(arguments_, static_cast<int64_t>(offset_bytes)), 8, name);
}

Value* Emitter::number32(size_t offset_bytes, const std::string& name) {
  Value* number = b_.load(b_.i32(), b_.at(arguments_, static_cast<int64_t>(offset_bytes)), 4, name + ".i32");
  return b_.raw().CreateSExt(number, b_.i64(), name);
}

Value* Emitter::real(size_t offset_bytes, const std::string& name) {
  return b_.load(b_.f32(), b_.at(arguments_, static_cast<int64_t>(offset_bytes)), 4, name);
}

Value* Emitter::int32_at(Value* array, Value* index, const std::string& name) {
  return b_.raw().CreateSExt(b_.load(b_.i32(), b_.at(array, b_.mul(index, b_.count(4))), 4), b_.i64(), name);
}

}  // namespace attune::forward_simt
