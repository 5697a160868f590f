#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emulator/machine/memory.hpp"
#include "emulator/machine/shadow.hpp"

namespace attune::emulator {
namespace {

const char* verb(Access access) {
  switch (access) {
    case Access::write:
    case Access::strong_write: return "writes";
    case Access::atomic: return "updates";
    case Access::address_only: return "names";
    default: return "reads";
  }
}

bool writes(Access access) { return access == Access::write || access == Access::strong_write || access == Access::atomic; }

constexpr const char* kBoundsRemedy = "Correct the address or guard the access.";

bool check_alignment(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t alignment,
                     Access access) {
  if ((address & (alignment - 1)) == 0) return true;
  warp.fail(Status::validation_failed, instruction, lane,
            fmt::format("{} address {:#x}, which is not aligned to {} bytes", verb(access), address, alignment),
            "Align the pointer, the stride or the tile.");
  return false;
}

// Global addresses are host addresses: that is the emulator's contract.
std::byte* host_memory(uint64_t address) {
  return reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
}

std::byte* access_global(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                         uint32_t alignment, Access access) {
  Cta& cta = *warp.cta;
  if (!cta.launch.options.check_memory) return host_memory(address);
  if (!check_alignment(warp, instruction, lane, address, alignment, access)) return nullptr;
  const MemoryRegion* const region = cta.launch.regions.find(address, bytes, cta.region_hint);
  if (region == nullptr) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("{} {} bytes out of bounds at {:#x}, {}", verb(access), bytes, address,
                          cta.launch.regions.explain(address, bytes)),
              kBoundsRemedy);
    return nullptr;
  }
  if (writes(access) && !region->writable) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("{} {} bytes of '{}', which is read-only, at byte {}", verb(access), bytes, region->name,
                          address - reinterpret_cast<uint64_t>(region->data)),
              "Inputs must not be modified: write to an output or to the workspace.");
    return nullptr;
  }
  return host_memory(address);
}

std::byte* access_local(Warp& warp, const Instruction& instruction, int lane, uint64_t offset, uint32_t bytes,
                        uint32_t alignment, Access access) {
  if (!check_alignment(warp, instruction, lane, offset, alignment, access)) return nullptr;
  const auto size = static_cast<uint64_t>(warp.kernel->local_bytes);
  if (offset > size || size - offset < bytes) {
    warp.fail(
        Status::validation_failed, instruction, lane,
        fmt::format("{} {} bytes out of bounds at byte {} of {} bytes of local memory", verb(access), bytes, offset, size),
        kBoundsRemedy);
    return nullptr;
  }
  return warp.local + static_cast<uint64_t>(lane) * size + offset;
}

std::byte* access_parameter(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                            uint32_t alignment, Access access) {
  if (address >= kLocalParameterBase) {
    return access_local(warp, instruction, lane, address - kLocalParameterBase, bytes, alignment, access);
  }
  if (!check_alignment(warp, instruction, lane, address, alignment, access)) return nullptr;
  const auto parameters = warp.cta->launch.parameters;
  if (writes(access) || address > parameters.size() || parameters.size() - address < bytes) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("{} {} bytes at byte {} of {} bytes of kernel parameters{}", verb(access), bytes, address,
                          parameters.size(), writes(access) ? ", which are read-only" : ""),
              kBoundsRemedy);
    return nullptr;
  }
  return const_cast<std::byte*>(parameters.data()) + address;  // only read: see above
}

}  // namespace

ptx::Space actual_space(ptx::Space space, uint64_t address) {
  if (space != ptx::Space::generic) return space;
  switch (address & kWindowMask) {
    case kSharedWindow: return ptx::Space::shared;
    case kLocalWindow: return ptx::Space::local;
    case kParameterWindow: return ptx::Space::param;
    default: return ptx::Space::global;
  }
}

std::byte* access_shared(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                         uint32_t alignment, Access access, Cta** owner, uint32_t* at) {
  Cta* cta = warp.cta;
  const Launch& launch = cta->launch;
  const uint64_t rank = (address & 0xffffffffu) >> kClusterRankShift;
  if (rank < cta->cluster.ctas.size()) cta = cta->cluster.ctas[rank].get();
  const auto offset = static_cast<uint32_t>(address & kSharedOffsetMask);
  if (!check_alignment(warp, instruction, lane, offset, alignment, access)) return nullptr;
  const auto begin = static_cast<uint64_t>(launch.kernel->shared_base_bytes);
  const auto end = static_cast<uint64_t>(launch.shared_end_bytes);
  if (address >> 32 != 0 || rank >= cta->cluster.ctas.size() || offset < begin || offset + uint64_t{bytes} > end) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("{} {} bytes out of bounds at shared address {:#x}; the CTA has bytes {:#x} to {:#x}",
                          verb(access), bytes, address, begin, end),
              kBoundsRemedy);
    return nullptr;
  }
  if (owner != nullptr) *owner = cta;
  if (at != nullptr) *at = offset;
  SharedShadow& shadow = *cta->shadow;
  if (shadow.enabled() && access != Access::address_only) {
    const bool remote = cta != warp.cta;  // ordered by cluster barriers, which the shadow of one CTA does not see
    SharedShadow::Finding finding;
    switch (access) {
      case Access::read:
        finding = remote ? shadow.strong_read(offset, bytes) : shadow.read(warp.index, offset, bytes);
        break;
      case Access::write:
        if (remote) {
          shadow.strong_write(offset, bytes, instruction.line);
        } else {
          finding = shadow.write(warp.index, offset, bytes, instruction.line);
        }
        break;
      case Access::strong_read:
        finding = shadow.strong_read(offset, bytes);
        if (!remote) shadow.acquire(warp.index, shadow.location_clock(offset));
        break;
      case Access::strong_write:
        shadow.strong_write(offset, bytes, instruction.line);
        if (!remote) shadow.release(warp.index, shadow.location_clock(offset));
        break;
      default:
        finding = shadow.strong_read(offset, bytes);
        if (finding.problem != SharedShadow::Problem::none) break;
        shadow.strong_write(offset, bytes, instruction.line);
        if (!remote) {
          shadow.acquire(warp.index, shadow.location_clock(offset));
          shadow.release(warp.index, shadow.location_clock(offset));
        }
        break;
    }
    if (finding.problem != SharedShadow::Problem::none) {
      warp.fail(Status::validation_failed, instruction, lane,
                fmt::format("{} {} bytes at shared address {:#x}: {}", verb(access), bytes, address,
                            SharedShadow::explain(finding)),
                finding.problem == SharedShadow::Problem::uninitialised ? "Write the bytes before they are read."
                : finding.problem == SharedShadow::Problem::in_flight
                    ? "Wait for the copy, and let a barrier follow before other warps read."
                    : "Put a barrier between the two accesses.");
      return nullptr;
    }
  }
  return cta->shared.data() + offset;
}

std::byte* access_memory(Warp& warp, const Instruction& instruction, int lane, ptx::Space space, uint64_t address,
                         uint32_t bytes, Access access, uint32_t alignment) {
  if (alignment == 0) alignment = bytes;
  const ptx::Space actual = actual_space(space, address);
  if (space == ptx::Space::generic) address &= ~kWindowMask;
  switch (actual) {
    case ptx::Space::shared: return access_shared(warp, instruction, lane, address, bytes, alignment, access);
    case ptx::Space::local: return access_local(warp, instruction, lane, address, bytes, alignment, access);
    case ptx::Space::param: return access_parameter(warp, instruction, lane, address, bytes, alignment, access);
    default: return access_global(warp, instruction, lane, address, bytes, alignment, access);
  }
}

// Up to 4 bytes a lane go in one pass over all lanes, 8 bytes in two half warps, 16 in four quarters; in a pass, lanes that
// want different words of one bank wait for each other.
void count_shared(Cta& cta, const uint64_t* addresses, LaneMask lanes, uint32_t bytes) {
  const int groups = bytes <= 4 ? 1 : bytes <= 8 ? 2 : bytes <= 16 ? 4 : 8;
  const int group_lanes = kLanes / groups;
  const uint32_t words = std::max<uint32_t>(bytes / 4, 1);
  for (int group = 0; group < groups; ++group) {
    const LaneMask part =
        lanes >> (group * group_lanes) & (group_lanes == kLanes ? kAllLanes : (LaneMask{1} << group_lanes) - 1);
    if (part == 0) continue;
    std::array<std::array<uint32_t, kLanes>, 32> wanted;
    std::array<int, 32> count{};
    int most = 1;
    for_each_lane(part, [&](int lane) {
      const auto first = static_cast<uint32_t>(addresses[group * group_lanes + lane] / 4);
      for (uint32_t word = first; word < first + words; ++word) {
        const uint32_t bank = word % 32;
        int i = 0;
        while (i < count[bank] && wanted[bank][static_cast<size_t>(i)] != word) ++i;
        if (i < count[bank] || i == kLanes) continue;
        wanted[bank][static_cast<size_t>(i)] = word;
        most = std::max(most, ++count[bank]);
      }
    });
    cta.counters.shared_wavefronts += most;
    cta.counters.shared_conflicts += most - 1;
  }
}

int64_t count_sectors(const uint64_t* addresses, LaneMask lanes, uint32_t bytes) {
  std::array<uint64_t, 4 * kLanes> sectors;
  size_t count = 0;
  for_each_lane(lanes, [&](int lane) {
    for (uint64_t sector = addresses[lane] / 32; sector <= (addresses[lane] + bytes - 1) / 32; ++sector) {
      size_t i = count;
      while (i > 0 && sectors[i - 1] != sector) --i;
      if (i == 0 && count < sectors.size()) sectors[count++] = sector;
    }
  });
  return static_cast<int64_t>(count);
}

}  // namespace attune::emulator
