#include "tests/conformance/device_copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/memory_regions.hpp"

namespace attune::test {
namespace {

constexpr int64_t alignment_bytes = 256, guard_bytes = 1024;
constexpr std::byte guard{0xff};  // NaN in every floating-point type

std::string outside(const std::string& what) {
  return fmt::format("Memory before {} was written, outside of every output. Report this bug.", what);
}

int64_t aligned(int64_t bytes) { return (bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes; }

}  // namespace

DeviceCopy::~DeviceCopy() { device_.release(arena_); }

Result<void> DeviceCopy::reserve(int64_t bytes) {
  if (arena_.size_bytes >= bytes) return {};
  device_.release(arena_);
  arena_ = {};
  ATTUNE_TRY(arena_, device_.allocate(2 * bytes));
  return {};
}

Result<void> DeviceCopy::execute(runtime::Context& context, const runtime::Plan& plan, const Tensors& tensors) {
  std::vector<Copy> copies;
  int64_t bytes = guard_bytes;
  for (const runtime::MemoryRegion& region : runtime::memory_regions(plan.problem, tensors, nullptr, 0)) {
    // Alignment within 256 bytes is the host's: odd pointers stay odd.
    const auto odd = static_cast<int64_t>(reinterpret_cast<uintptr_t>(region.data) % alignment_bytes);
    copies.push_back({region, bytes + odd});
    bytes = aligned(bytes + odd + region.size_bytes + guard_bytes);
  }
  const int64_t workspace_at = bytes;
  bytes = aligned(bytes + plan.workspace_bytes + guard_bytes);
  ATTUNE_CHECK(reserve(bytes));

  std::vector<std::byte> before(static_cast<size_t>(bytes), guard);
  for (const Copy& copy : copies) {
    std::memcpy(before.data() + copy.at, copy.host.data, static_cast<size_t>(copy.host.size_bytes));
  }
  ATTUNE_CHECK(device_.copy_in(arena_, before.data(), bytes));

  auto* base = static_cast<std::byte*>(arena_.data);
  const auto moved = [&](const void* pointer) -> void* {
    for (const Copy& copy : copies) {
      const auto* begin = static_cast<const std::byte*>(copy.host.data);
      const auto* at = static_cast<const std::byte*>(pointer);
      if (at >= begin && at < begin + copy.host.size_bytes) return base + copy.at + (at - begin);
    }
    return nullptr;  // no element of it is touched
  };
  Tensors on_device = tensors;
  const auto move = [&](auto& pointer) {
    pointer = static_cast<std::remove_reference_t<decltype(pointer)>>(moved(pointer));
  };
  for (TensorView* view : {&on_device.q, &on_device.k, &on_device.v, &on_device.o}) move(view->data);
  move(on_device.q_scales);
  move(on_device.k_scales);
  move(on_device.v_scales);
  move(on_device.lse);
  move(on_device.mask.data);
  move(on_device.sinks);
  move(on_device.alibi_slopes);
  move(on_device.cu_seqlens_q);
  move(on_device.cu_seqlens_kv);
  move(on_device.kv_lengths);
  move(on_device.page_table);
  move(on_device.lists.full_counts);
  move(on_device.lists.full_indices);
  move(on_device.lists.partial_counts);
  move(on_device.lists.partial_indices);
  move(on_device.lists.full_row_ptr);
  move(on_device.lists.partial_row_ptr);

  ATTUNE_CHECK(context.execute(plan, on_device, plan.workspace_bytes > 0 ? base + workspace_at : nullptr));
  ATTUNE_CHECK(device_.synchronize(nullptr));
  std::vector<std::byte> after(static_cast<size_t>(bytes));
  ATTUNE_CHECK(device_.copy_out(after.data(), arena_, bytes));
  // Whatever is neither output nor workspace is as it was. Copies lie in ascending order.
  int64_t from = 0;
  const auto unchanged_until = [&](int64_t until) {
    return std::memcmp(before.data() + from, after.data() + from, static_cast<size_t>(until - from)) == 0;
  };
  for (const Copy& copy : copies) {
    if (!copy.host.writable) continue;
    if (!unchanged_until(copy.at)) return Error(Status::validation_failed, outside(copy.host.name));
    from = copy.at + copy.host.size_bytes;
  }
  if (!unchanged_until(workspace_at)) return Error(Status::validation_failed, outside("the workspace"));
  from = workspace_at + plan.workspace_bytes;
  if (!unchanged_until(bytes)) return Error(Status::validation_failed, outside("the end of the workspace"));
  for (const Copy& copy : copies) {
    if (!copy.host.writable) continue;
    std::memcpy(copy.host.data, after.data() + copy.at, static_cast<size_t>(copy.host.size_bytes));
  }
  return {};
}

}  // namespace attune::test
