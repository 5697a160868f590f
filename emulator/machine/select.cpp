// selp, slct, testp.
#include <cmath>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/numerics/arithmetic.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

template <class T>
void run_select(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* const a = warp.lanes<T>(instruction.source(0));
  const auto* const b = warp.lanes<T>(instruction.source(1));
  auto* const d = warp.lanes<T>(instruction.destination());
  const LaneMask choose = warp.predicate(instruction.source_predicate);
  for_each_lane(lanes, [&](int lane) { d[lane] = (choose >> lane & 1) != 0 ? a[lane] : b[lane]; });
  // Only the chosen side has to be defined.
  if (warp.check_registers) {
    const auto valid = [&](int i) {
      const Slot slot = instruction.source(i);
      return (slot & kConstantBank) != 0 ? kAllLanes : warp.valid[slot];
    };
    const LaneMask defined =
        ((choose & valid(0)) | (~choose & valid(1))) & warp.predicate_valid[instruction.source_predicate.index];
    LaneMask& result = warp.valid[instruction.destination()];
    result = (result & ~lanes) | (defined & lanes);
  }
}

Result<void> decode_select(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(4, 4));
  if (size_bytes(type) > 8) return d.unsupported("the type of");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), type));
  ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(3)));
  d.out.tracks_definition = true;
  d.finish(size_bytes(type) == 8 ? run_select<uint64_t> : run_select<uint32_t>, InstructionClass::logic);
  return {};
}

template <class T>
struct SelectBySign {
  static T apply(T a, T b, int32_t c) { return c >= 0 ? a : b; }
};
template <class T, bool Ftz>
struct SelectByFloat {
  static T apply(T a, T b, float c) { return (Ftz ? flush(c) : c) >= 0 ? a : b; }
};

Result<void> decode_slct(Decoder& d) {
  const bool ftz = d.take("ftz");
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_TRY(const Type selector, d.need_type());
  ATTUNE_CHECK(d.need_operands(4, 4));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), type));
  ATTUNE_CHECK(d.add_source(d.operand(3), selector));
  const bool wide = size_bytes(type) == 8;
  using W = uint64_t;
  using U = uint32_t;
  Handler handler = nullptr;
  if (selector == Type::s32) {
    handler = wide ? lane_loop<SelectBySign<W>, W, W, W, int32_t> : lane_loop<SelectBySign<U>, U, U, U, int32_t>;
  } else if (selector == Type::f32) {
    handler =
        ftz ? (wide ? lane_loop<SelectByFloat<W, true>, W, W, W, float> : lane_loop<SelectByFloat<U, true>, U, U, U, float>)
            : (wide ? lane_loop<SelectByFloat<W, false>, W, W, W, float>
                    : lane_loop<SelectByFloat<U, false>, U, U, U, float>);
  } else {
    return d.unsupported("the type of");
  }
  d.finish(handler, InstructionClass::logic);
  return {};
}

enum class Test : uint8_t { finite, infinite, number, notanumber, normal, subnormal };

template <class T>
void run_test(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto test = static_cast<Test>(instruction.immediate);
  LaneMask result = 0;
  for_each_lane(lanes, [&](int lane) {
    const T value = from_cell<T>(warp.lanes<Cell<T>>(instruction.source(0))[lane]);
    bool yes = false;
    switch (test) {
      case Test::finite: yes = std::isfinite(value); break;
      case Test::infinite: yes = std::isinf(value); break;
      case Test::number: yes = !std::isnan(value); break;
      case Test::notanumber: yes = std::isnan(value); break;
      case Test::normal: yes = std::isnormal(value) || value == 0; break;  // PTX counts zero as normal
      case Test::subnormal: yes = std::fpclassify(value) == FP_SUBNORMAL; break;
    }
    result |= LaneMask{yes} << lane;
  });
  warp.set_predicate(instruction.predicate, lanes, result);
}

Result<void> decode_test(Decoder& d) {
  const int test = d.take_one({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  if (test < 0) return d.malformed("the property is missing");
  d.out.immediate = test;
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(2, 2));
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  if (type != Type::f32 && type != Type::f64) return d.unsupported("the type of");
  d.finish(type == Type::f32 ? run_test<float> : run_test<double>, InstructionClass::logic);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> select_opcodes() {
  return {{"selp", decode_select}, {"slct", decode_slct}, {"testp", decode_test}};
}

}  // namespace attune::emulator
