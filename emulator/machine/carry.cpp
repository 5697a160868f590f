// The carry chain: add.cc, addc, sub.cc, subc, mad.cc, madc.
#include "emulator/machine/carry.hpp"

#include "emulator/machine/warp.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

// The carry is a bit a lane; a borrow is a carry of
// subtraction.
enum class Chain : uint8_t { add, subtract, mad_low, mad_high };
struct Carry {
  Chain operation = Chain::add;
  bool reads = false;
  bool writes = false;
  bool is_signed = false;
};

template <class T>
void run_carry(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Carry>(instruction);
  using Wide = Uint128;
  for_each_lane(lanes, [&](int lane) {
    const auto value = [&](int i) { return warp.lanes<T>(instruction.source(i))[lane]; };
    const T carry_in = how.reads ? static_cast<T>(warp.carry >> lane & 1) : T{0};
    Wide sum = 0;
    bool carry = false;
    if (how.operation == Chain::subtract) {
      carry = Wide{value(0)} < Wide{value(1)} + carry_in;
      sum = Wide{value(0)} - value(1) - carry_in;
    } else {
      T a = value(0);
      if (how.operation != Chain::add) {
        const T b = value(1);
        if (how.operation == Chain::mad_low) {
          a = static_cast<T>(a * b);
        } else {
          using Signed = std::make_signed_t<T>;
          a = how.is_signed ? static_cast<T>(high_product(static_cast<Signed>(a), static_cast<Signed>(b)))
                            : high_product(a, b);
        }
      }
      sum = Wide{a} + value(how.operation == Chain::add ? 1 : 2) + carry_in;
      carry = (sum >> (sizeof(T) * 8)) != 0;
    }
    warp.lanes<T>(instruction.destination())[lane] = static_cast<T>(sum);
    if (how.writes) warp.carry = (warp.carry & ~(LaneMask{1} << lane)) | LaneMask{carry} << lane;
  });
}

Result<void> decode_carry(Decoder& d, Carry how) {
  ATTUNE_TRY(const Type type, d.need_type());
  how.is_signed = is_signed(type);
  const bool is_mad = how.operation == Chain::mad_low || how.operation == Chain::mad_high;
  ATTUNE_CHECK(d.need_operands(is_mad ? 4 : 3, is_mad ? 4 : 3));
  if (size_bytes(type) < 4) return d.unsupported("the type of");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  for (size_t i = 1; i < d.operand_count(); ++i) ATTUNE_CHECK(d.add_source(d.operand(i), type));
  d.set_detail(how);
  d.finish(size_bytes(type) == 8 ? run_carry<uint64_t> : run_carry<uint32_t>, InstructionClass::integer);
  return {};
}

Result<void> decode_extended(Decoder& d) {
  Carry how;
  how.reads = true;
  const std::string_view name = d.mnemonic();
  how.writes = d.take("cc");
  if (name == "madc") {
    how.operation = d.take("hi") ? Chain::mad_high : Chain::mad_low;
    d.take("lo");
  } else {
    how.operation = name == "addc" ? Chain::add : Chain::subtract;
  }
  return decode_carry(d, how);
}

}  // namespace

Result<void> decode_carry_out(Decoder& d, bool high) {
  Carry how;
  how.writes = true;
  how.operation = d.mnemonic() == "sub"   ? Chain::subtract
                  : d.mnemonic() == "add" ? Chain::add
                  : high                  ? Chain::mad_high
                                          : Chain::mad_low;
  return decode_carry(d, how);
}

std::vector<OpcodeEntry> extended_opcodes() {
  return {{"addc", decode_extended}, {"subc", decode_extended}, {"madc", decode_extended}};
}

}  // namespace attune::emulator
