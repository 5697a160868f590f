#include "emulator/machine/regions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace attune::emulator {

Regions::Regions(std::span<const MemoryRegion> regions) {
  for (const MemoryRegion& region : regions) add(region);
}

void Regions::add(const MemoryRegion& region) { regions_.push_back(region); }

// Regions may overlap (a tensor and the allocation it lies in): a writable one is preferred, so that a buffer that is input
// and output at once may be written.
const MemoryRegion* Regions::search(uint64_t address, int64_t bytes, size_t& hint) const {
  const MemoryRegion* found = nullptr;
  for (size_t i = 0; i < regions_.size(); ++i) {
    if (!holds(regions_[i], address, bytes) || (found != nullptr && !regions_[i].writable)) continue;
    found = &regions_[i];
    hint = i;
    if (found->writable) break;
  }
  return found;
}

std::string Regions::explain(uint64_t address, int64_t bytes) const {
  const MemoryRegion* nearest = nullptr;
  uint64_t best_distance = ~uint64_t{0};
  bool after = true;
  for (const MemoryRegion& region : regions_) {
    const auto begin = reinterpret_cast<uint64_t>(region.data);
    const uint64_t end = begin + static_cast<uint64_t>(region.size_bytes);
    const bool is_after = address >= begin;
    const uint64_t distance = !is_after ? begin - address : address >= end ? address - end : 0;
    if (distance < best_distance) {
      best_distance = distance;
      nearest = &region;
      after = is_after;
    }
  }
  if (nearest == nullptr) return "the launch was given no memory regions";
  const auto begin = reinterpret_cast<uint64_t>(nearest->data);
  const uint64_t end = begin + static_cast<uint64_t>(nearest->size_bytes);
  const auto& name = nearest->name;
  if (best_distance > (uint64_t{1} << 32)) {
    return fmt::format("which is in no region and far from all of them (the nearest is '{}')", name);
  }
  if (address >= begin && address < end) {
    return fmt::format("which reaches {} bytes past the end of '{}' ({} bytes)",
                       address + static_cast<uint64_t>(bytes) - end, name, nearest->size_bytes);
  }
  if (after && best_distance == 0) return fmt::format("just past the end of '{}' ({} bytes)", name, nearest->size_bytes);
  return after ? fmt::format("which is {} bytes past the end of '{}' ({} bytes)", best_distance, name, nearest->size_bytes)
               : fmt::format("which is {} bytes before the start of '{}' ({} bytes)", best_distance, name,
                             nearest->size_bytes);
}

}  // namespace attune::emulator
