// The memory a launch may touch: which region an address is in, and what to say when it is in none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emulator/emulator.hpp"

namespace attune::emulator {

class Regions {
 public:
  Regions() = default;
  explicit Regions(std::span<const MemoryRegion> regions);
  void add(const MemoryRegion& region);

  // The region that holds [address, address + bytes) wholly, or null. `hint` is the caller's memory of the last answer.
  const MemoryRegion* find(uint64_t address, int64_t bytes, size_t& hint) const {
    if (hint < regions_.size() && holds(regions_[hint], address, bytes)) return &regions_[hint];
    return search(address, bytes, hint);
  }
  // "12 bytes past the end of 'k' (4096 bytes)", "in no region; the nearest is ...".
  std::string explain(uint64_t address, int64_t bytes) const;

 private:
  static bool holds(const MemoryRegion& region, uint64_t address, int64_t bytes) {
    const uint64_t offset = address - reinterpret_cast<uint64_t>(region.data);
    return offset <= static_cast<uint64_t>(region.size_bytes) &&
           static_cast<uint64_t>(region.size_bytes) - offset >= static_cast<uint64_t>(bytes);
  }
  const MemoryRegion* search(uint64_t address, int64_t bytes, size_t& hint) const;

  std::vector<MemoryRegion> regions_;
};

}  // namespace attune::emulator
