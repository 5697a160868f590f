// ld, ldu, st, prefetch and the cache hints, in all state spaces.
#include "emulator/machine/memory.hpp"

#include <array>
#include <cstring>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/space.hpp"

namespace attune::emulator {
namespace {

using ptx::Space;
using ptx::Type;

struct Transfer {
  Space space = Space::generic;
  Access access = Access::read;
  uint32_t element_bytes = 4;
  uint32_t count = 1;
  bool is_signed = false;
  bool polls = false;                      // volatile and the like: a loop around it may be waiting for somebody
  std::array<uint8_t, 8> register_bits{};  // of each element's register
};

void count_access(Warp& warp, const Transfer& how, Space space, const uint64_t* addresses, LaneMask lanes, bool is_store) {
  Counters& counters = warp.cta->counters;
  const uint32_t bytes = how.element_bytes * how.count;
  const int64_t total = static_cast<int64_t>(bytes) * std::popcount(lanes);
  auto& classes = warp.class_counts;
  InstructionClass kind = InstructionClass::other_memory;
  if (space == Space::shared) {
    kind = is_store ? InstructionClass::shared_store : InstructionClass::shared_load;
    (is_store ? counters.shared_store_bytes : counters.shared_load_bytes) += total;
    count_shared(*warp.cta, addresses, lanes, bytes);
  } else if (space == Space::global) {
    kind = is_store ? InstructionClass::global_store : InstructionClass::global_load;
    (is_store ? counters.global_store_bytes : counters.global_load_bytes) += total;
    (is_store ? counters.global_store_sectors : counters.global_load_sectors) += count_sectors(addresses, lanes, bytes);
  }
  ++classes[static_cast<size_t>(kind)];
  --classes[static_cast<size_t>(InstructionClass::other_memory)];
}

// Strong accesses are the host's, in one piece: another CTA, on another thread, may be at the same element. PTX asks for no
// more than this order: acquire for what is read, release for what is written. Addresses have been checked for alignment.
template <class U>
uint64_t load_acquire(const std::byte* memory) {
  return __atomic_load_n(reinterpret_cast<const U*>(memory), __ATOMIC_ACQUIRE);
}
uint64_t load_acquire(const std::byte* memory, uint32_t bytes) {
  switch (bytes) {
    case 1: return load_acquire<uint8_t>(memory);
    case 2: return load_acquire<uint16_t>(memory);
    case 4: return load_acquire<uint32_t>(memory);
    default: return load_acquire<uint64_t>(memory);
  }
}

template <class U>
void store_release(std::byte* memory, uint64_t value) {
  __atomic_store_n(reinterpret_cast<U*>(memory), static_cast<U>(value), __ATOMIC_RELEASE);
}
void store_release(std::byte* memory, uint32_t bytes, uint64_t value) {
  switch (bytes) {
    case 1: return store_release<uint8_t>(memory, value);
    case 2: return store_release<uint16_t>(memory, value);
    case 4: return store_release<uint32_t>(memory, value);
    default: return store_release<uint64_t>(memory, value);
  }
}

// One element of memory as the bits of a register, extended as its type says.
template <bool strong>
uint64_t read_element(const std::byte* memory, const Transfer& how, uint8_t register_bits) {
  uint64_t value = 0;
  if constexpr (strong) {
    value = load_acquire(memory, how.element_bytes);
  } else {
    std::memcpy(&value, memory, how.element_bytes);
  }
  const uint32_t bits = how.element_bytes * 8;
  if (how.is_signed && bits < 64 && (value >> (bits - 1) & 1) != 0) value |= ~uint64_t{0} << bits;
  return register_bits >= 64 ? value : value & ((uint64_t{1} << register_bits) - 1);
}

bool gather_addresses(const Warp& warp, const Instruction& instruction, Slot base, uint64_t* addresses) {
  const uint64_t* const bases = warp.lanes<uint64_t>(base);
  for (int lane = 0; lane < kLanes; ++lane) addresses[lane] = bases[lane] + static_cast<uint64_t>(instruction.immediate);
  return true;
}

template <bool strong>
void run_load(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Transfer>(instruction);
  std::array<uint64_t, kLanes> addresses;
  gather_addresses(warp, instruction, instruction.source(0), addresses.data());
  const uint32_t bytes = how.element_bytes * how.count;
  Space space = how.space;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    const std::byte* const memory =
        access_memory(warp, instruction, lane, how.space, addresses[static_cast<size_t>(lane)], bytes, how.access);
    if (memory == nullptr) {
      ok = false;
      return;
    }
    space = actual_space(how.space, addresses[static_cast<size_t>(lane)]);
    for (uint32_t i = 0; i < how.count; ++i) {
      const uint64_t value = read_element<strong>(memory + i * how.element_bytes, how, how.register_bits[i]);
      const Slot slot = instruction.destination(static_cast<int>(i));
      if (how.register_bits[i] == 64) {
        warp.lanes<uint64_t>(slot)[lane] = value;
      } else {
        warp.lanes<uint32_t>(slot)[lane] = static_cast<uint32_t>(value);
      }
    }
  });
  if (!ok) return;
  count_access(warp, how, space, addresses.data(), lanes, false);
  if (how.polls) warp.note_poll();
}

template <bool strong>
void run_store(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Transfer>(instruction);
  std::array<uint64_t, kLanes> addresses;
  gather_addresses(warp, instruction, instruction.source(0), addresses.data());
  const uint32_t bytes = how.element_bytes * how.count;
  Space space = how.space;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    std::byte* const memory =
        access_memory(warp, instruction, lane, how.space, addresses[static_cast<size_t>(lane)], bytes, how.access);
    if (memory == nullptr) {
      ok = false;
      return;
    }
    space = actual_space(how.space, addresses[static_cast<size_t>(lane)]);
    for (uint32_t i = 0; i < how.count; ++i) {
      const Slot slot = instruction.source(static_cast<int>(i) + 1);
      const uint64_t value =
          how.register_bits[i] == 64 ? warp.lanes<uint64_t>(slot)[lane] : warp.lanes<uint32_t>(slot)[lane];
      if constexpr (strong) {
        store_release(memory + i * how.element_bytes, how.element_bytes, value);
      } else {
        std::memcpy(memory + i * how.element_bytes, &value, how.element_bytes);
      }
    }
  });
  if (!ok) return;
  warp.current.polls = 0;
  warp.cta->cluster.note_progress();
  count_access(warp, how, space, addresses.data(), lanes, true);
}

// Hints that change no value: eviction priorities, prefetch sizes, sharing scopes.
void take_hints(Decoder& d) {
  for (const std::string_view hint : {"L1::evict_normal",
                                      "L1::evict_unchanged",
                                      "L1::evict_first",
                                      "L1::evict_last",
                                      "L1::no_allocate",
                                      "L2::evict_normal",
                                      "L2::evict_last",
                                      "L2::evict_first",
                                      "L2::64B",
                                      "L2::128B",
                                      "L2::256B",
                                      "cta",
                                      "cluster",
                                      "gpu",
                                      "sys",
                                      "ca",
                                      "cg",
                                      "cs",
                                      "lu",
                                      "cv",
                                      "wb",
                                      "wt",
                                      "nc",
                                      "mmio",
                                      "unified"}) {
    d.take(hint);
  }
}

Result<void> decode_transfer(Decoder& d, bool is_store) {
  Transfer how;
  ATTUNE_TRY(how.space, take_space(d));
  const bool strong = d.take_one({"volatile", "relaxed", "acquire", "release"}) >= 0;
  const bool weak = d.take("weak");
  static_cast<void>(weak);
  how.access = is_store ? (strong ? Access::strong_write : Access::write) : (strong ? Access::strong_read : Access::read);
  how.polls = strong && !is_store;
  take_hints(d);
  const bool cache_policy = d.take("L2::cache_hint");
  const int vector = d.take_one({"v2", "v4", "v8"});
  how.count = vector < 0 ? 1 : 2u << vector;
  ATTUNE_TRY(const Type type, d.need_type());
  how.element_bytes = static_cast<uint32_t>(size_bytes(type));
  how.is_signed = is_signed(type);
  if (how.element_bytes == 0 || how.element_bytes > 8) return d.unsupported("this type of");
  if (how.element_bytes * how.count > 32) return d.malformed("more than 32 bytes a lane");
  ATTUNE_CHECK(d.need_operands(2, cache_policy ? 3 : 2));
  const ptx::Operand& data = d.operand(is_store ? 1 : 0);
  const std::vector<ptx::Operand> elements = Decoder::elements(data);
  if (elements.size() != how.count) return d.malformed("the vector has another length than the opcode says");
  ATTUNE_CHECK(d.add_address(d.operand(is_store ? 0 : 1)));
  for (size_t i = 0; i < elements.size(); ++i) {
    const bool is_register = elements[i].kind == ptx::OperandKind::reg;
    const Type declared = is_register ? d.names.register_type(elements[i].index) : type;
    // The register may be wider than the element, never narrower.
    const Type held = size_bytes(declared) == 8 ? Type::b64 : size_bytes(declared) == 2 ? Type::b16 : Type::b32;
    if (is_register && size_bytes(declared) < size_bytes(type)) return d.malformed("a register is narrower than the type");
    how.register_bits[i] = static_cast<uint8_t>(size_bytes(held) * 8);
    if (is_store) {
      ATTUNE_CHECK(d.add_source(elements[i], is_register ? held : type));
      if (!is_register && how.element_bytes == 8) how.register_bits[i] = 64;
    } else {
      ATTUNE_CHECK(d.add_destination(elements[i], held));
    }
  }
  d.set_detail(how);
  if (is_store) {
    d.finish(strong ? run_store<true> : run_store<false>, InstructionClass::other_memory);
  } else {
    d.finish(strong ? run_load<true> : run_load<false>, InstructionClass::other_memory);
  }
  return {};
}

Result<void> decode_load(Decoder& d) { return decode_transfer(d, false); }
Result<void> decode_store(Decoder& d) { return decode_transfer(d, true); }

void run_nothing(Warp&, const Instruction&, LaneMask) {}

// Prefetches and priorities promise nothing about values, and prefetching an unmapped address is no error.
Result<void> decode_hint(Decoder& d) {
  d.take_all();
  d.finish(run_nothing, InstructionClass::other_memory);
  return {};
}

// createpolicy gives an opaque value that only cache hints use.
void run_policy(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) { warp.lanes<uint64_t>(instruction.destination())[lane] = 0; });
}

Result<void> decode_policy(Decoder& d) {
  d.take_all();
  ATTUNE_CHECK(d.need_operands(1, 5));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b64));
  d.finish(run_policy, InstructionClass::other);
  return {};
}

}  // namespace

Result<Space> take_space(Decoder& d) {
  if (d.take("global")) return Space::global;
  if (d.take("shared") || d.take("shared::cta") || d.take("shared::cluster")) return Space::shared;
  if (d.take("param") || d.take("param::entry") || d.take("param::func")) return Space::param;
  if (d.take("local")) return Space::local;
  if (d.take("const")) return Space::constant;
  return Space::generic;
}

std::vector<OpcodeEntry> memory_opcodes() {
  return {{"ld", decode_load},       {"ldu", decode_load},           {"st", decode_store},
          {"prefetch", decode_hint}, {"prefetchu", decode_hint},     {"applypriority", decode_hint},
          {"discard", decode_hint},  {"createpolicy", decode_policy}};
}

}  // namespace attune::emulator
