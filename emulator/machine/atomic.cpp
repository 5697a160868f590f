// atom and red.
#include "emulator/machine/atomic.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/space.hpp"
#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/half.hpp"

namespace attune::emulator {
namespace {

using ptx::Space;
using ptx::Type;

template <class T>
uint64_t integer_result(AtomicOperation operation, uint64_t old_bits, uint64_t operand_bits, uint64_t compare) {
  const auto a = static_cast<T>(old_bits);
  const auto b = static_cast<T>(operand_bits);
  using U = std::make_unsigned_t<T>;
  const auto bits = [](T value) { return static_cast<uint64_t>(static_cast<U>(value)); };
  switch (operation) {
    case AtomicOperation::bit_and: return bits(static_cast<T>(a & b));
    case AtomicOperation::bit_or: return bits(static_cast<T>(a | b));
    case AtomicOperation::bit_xor: return bits(static_cast<T>(a ^ b));
    case AtomicOperation::exch: return bits(b);
    case AtomicOperation::add: return bits(static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b))));
    case AtomicOperation::inc: return a >= b ? 0 : bits(static_cast<T>(a + 1));
    case AtomicOperation::dec: return a == 0 || a > b ? bits(b) : bits(static_cast<T>(a - 1));
    case AtomicOperation::min: return bits(std::min(a, b));
    case AtomicOperation::max: return bits(std::max(a, b));
    default: return a == static_cast<T>(compare) ? bits(b) : bits(a);
  }
}

uint16_t half_result(AtomicOperation operation, Format format, uint64_t a, uint64_t b) {
  const auto x = static_cast<uint16_t>(a);
  const auto y = static_cast<uint16_t>(b);
  switch (operation) {
    case AtomicOperation::min: return half_minimum(format, x, y);
    case AtomicOperation::max: return half_maximum(format, x, y);
    default: return half_add(format, x, y);
  }
}

template <class U>
uint64_t update(std::byte* memory, AtomicOperation operation, Type type, uint64_t operand, uint64_t compare, bool ftz) {
  auto* const cell = reinterpret_cast<U*>(memory);
  U old = __atomic_load_n(cell, __ATOMIC_SEQ_CST);
  while (true) {
    const auto next = static_cast<U>(atomic_result(operation, type, old, operand, compare, ftz));
    if (__atomic_compare_exchange_n(cell, &old, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return old;
  }
}

struct AtomicDetail {
  AtomicOperation operation = AtomicOperation::add;
  Type type = Type::u32;
  Space space = Space::generic;
  uint32_t count = 1;
  bool returns = true;
};

uint64_t register_bits(const Warp& warp, Slot slot, int lane, uint32_t bytes) {
  return bytes == 8 ? warp.lanes<uint64_t>(slot)[lane] : warp.lanes<uint32_t>(slot)[lane];
}

void run_atomic(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<AtomicDetail>(instruction);
  const auto* const bases = warp.lanes<uint64_t>(instruction.source(0));
  const auto bytes = static_cast<uint32_t>(size_bytes(how.type));
  const bool cas = how.operation == AtomicOperation::cas;
  bool failed_to_swap = false;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    const uint64_t address = bases[lane] + static_cast<uint64_t>(instruction.immediate);
    std::byte* const memory = access_memory(warp, instruction, lane, how.space, address, bytes * how.count, Access::atomic);
    if (memory == nullptr) {
      ok = false;
      return;
    }
    const bool ftz = actual_space(how.space, address) == Space::global;
    for (uint32_t i = 0; i < how.count; ++i) {
      const int first = 1 + static_cast<int>(cas ? 2 * i : i);
      const uint64_t compare = cas ? register_bits(warp, instruction.source(first), lane, bytes) : 0;
      const uint64_t operand = register_bits(warp, instruction.source(cas ? first + 1 : first), lane, bytes);
      const uint64_t old = atomic_update(memory + i * bytes, how.operation, how.type, operand, compare, ftz);
      failed_to_swap |= cas && old != compare;
      if (!how.returns) continue;
      const Slot slot = instruction.destination(static_cast<int>(i));
      if (bytes == 8) {
        warp.lanes<uint64_t>(slot)[lane] = old;
      } else {
        warp.lanes<uint32_t>(slot)[lane] = static_cast<uint32_t>(old);
      }
    }
  });
  if (!ok) return;
  if (failed_to_swap || how.operation == AtomicOperation::exch) {
    warp.note_poll();  // may be waiting for a lock
  } else {
    warp.current.polls = 0;
    warp.cta->cluster.note_progress();
  }
}

Result<void> decode_atomic(Decoder& d) {
  AtomicDetail how;
  how.returns = d.mnemonic() == "atom";
  if (d.take("async")) return d.unsupported("the asynchronous form of");
  d.take_one({"sc", "relaxed", "acquire", "release", "acq_rel"});
  d.take_one({"cta", "cluster", "gpu", "sys"});
  ATTUNE_TRY(how.space, take_space(d));
  const int operation = d.take_one({"and", "or", "xor", "exch", "add", "inc", "dec", "min", "max", "cas"});
  if (operation < 0) return d.malformed("the operation is missing");
  how.operation = static_cast<AtomicOperation>(operation);
  d.take("noftz");
  const bool hint = d.take("L2::cache_hint");
  const int vector = d.take_one({"v2", "v4", "v8"});
  if (vector >= 0) how.count = 2u << vector;
  ATTUNE_TRY(how.type, d.need_type());
  if (size_bytes(how.type) > 8 || size_bytes(how.type) < 2) return d.unsupported("the type of");
  if (is_float(how.type) && operation != 4 && operation != 7 && operation != 8) return d.unsupported("the operation of");
  const bool cas = how.operation == AtomicOperation::cas;
  const size_t count = (how.returns ? 1u : 0u) + 2 + (cas ? 1 : 0);
  ATTUNE_CHECK(d.need_operands(count, count + (hint ? 1 : 0)));
  size_t next = 0;
  if (how.returns) {
    const auto results = Decoder::elements(d.operand(next++));
    if (results.size() != how.count) return d.malformed("the vector has another length than the opcode says");
    for (const auto& element : results) ATTUNE_CHECK(d.add_destination(element, how.type));
  }
  ATTUNE_CHECK(d.add_address(d.operand(next++)));
  for (size_t i = 0; i < (cas ? 2u : 1u); ++i) {
    const auto values = Decoder::elements(d.operand(next++));
    if (values.size() != how.count) return d.malformed("the vector has another length than the opcode says");
    for (const auto& element : values) ATTUNE_CHECK(d.add_source(element, how.type));
  }
  d.set_detail(how);
  d.finish(run_atomic, InstructionClass::atomic);
  return {};
}

}  // namespace

uint64_t atomic_result(AtomicOperation operation, Type type, uint64_t old, uint64_t operand, uint64_t compare, bool ftz) {
  switch (type) {
    case Type::s32: return integer_result<int32_t>(operation, old, operand, compare);
    case Type::s64: return integer_result<int64_t>(operation, old, operand, compare);
    case Type::u64:
    case Type::b64: return integer_result<uint64_t>(operation, old, operand, compare);
    case Type::b16:
    case Type::u16: return integer_result<uint16_t>(operation, old, operand, compare);
    case Type::f32: {
      const auto a = std::bit_cast<float>(static_cast<uint32_t>(old));
      const auto b = std::bit_cast<float>(static_cast<uint32_t>(operand));
      if (operation == AtomicOperation::min) return std::bit_cast<uint32_t>(minimum(a, b));
      if (operation == AtomicOperation::max) return std::bit_cast<uint32_t>(maximum(a, b));
      return std::bit_cast<uint32_t>(arithmetic(Operation::add, a, b, 0.0f, {Rounding::nearest_even, ftz, false}));
    }
    case Type::f64:
      return std::bit_cast<uint64_t>(
          arithmetic(Operation::add, std::bit_cast<double>(old), std::bit_cast<double>(operand), 0.0, {}));
    case Type::f16: return half_result(operation, Format::f16, old, operand);
    case Type::bf16: return half_result(operation, Format::bf16, old, operand);
    case Type::f16x2:
    case Type::bf16x2: {
      const Format format = type == Type::f16x2 ? Format::f16 : Format::bf16;
      return uint64_t{half_result(operation, format, old, operand)} |
             uint64_t{half_result(operation, format, old >> 16, operand >> 16)} << 16;
    }
    default: return integer_result<uint32_t>(operation, old, operand, compare);
  }
}

uint64_t atomic_update(std::byte* memory, AtomicOperation operation, Type type, uint64_t operand, uint64_t compare,
                       bool ftz) {
  switch (size_bytes(type)) {
    case 2: return update<uint16_t>(memory, operation, type, operand, compare, ftz);
    case 8: return update<uint64_t>(memory, operation, type, operand, compare, ftz);
    default: return update<uint32_t>(memory, operation, type, operand, compare, ftz);
  }
}

std::vector<OpcodeEntry> atomic_opcodes() { return {{"atom", decode_atomic}, {"red", decode_atomic}}; }

}  // namespace attune::emulator
