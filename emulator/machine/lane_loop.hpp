// The loop over lanes that most instructions are: one scalar function applied to whole registers.
#pragma once

#include <bit>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "emulator/machine/warp.hpp"

namespace attune::emulator {

// f16 and bf16 values are their codes; distinct types keep them apart from integers.
template <class T>
using Cell = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
inline T from_cell(Cell<T> cell) {
  if constexpr (sizeof(T) == sizeof(Cell<T>)) {
    return std::bit_cast<T>(cell);
  } else {
    return static_cast<T>(cell);
  }
}

template <class T>
inline Cell<T> to_cell(T value) {
  if constexpr (sizeof(T) == sizeof(Cell<T>)) {
    return std::bit_cast<Cell<T>>(value);
  } else {
    return static_cast<Cell<T>>(static_cast<std::make_unsigned_t<T>>(value));  // narrow registers are zero-extended
  }
}

// destination = F::apply(sources...), lane by lane. All lanes active is the common case and has a loop the compiler can
// vectorise.
template <class F, class R, class... A>
void lane_loop(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Cell<R>* const d = warp.lanes<Cell<R>>(instruction.destination());
  [&]<size_t... I>(std::index_sequence<I...>) {
    const auto sources = std::make_tuple(static_cast<const Cell<A>*>(warp.lanes<Cell<A>>(instruction.source(I)))...);
    if (mask == kAllLanes) {
      for (int lane = 0; lane < kLanes; ++lane) d[lane] = to_cell<R>(F::apply(from_cell<A>(std::get<I>(sources)[lane])...));
    } else {
      for_each_lane(mask, [&](int lane) { d[lane] = to_cell<R>(F::apply(from_cell<A>(std::get<I>(sources)[lane])...)); });
    }
  }(std::index_sequence_for<A...>{});
}

// The same for functions that depend on the instruction's modifiers: F::apply(detail, sources...).
template <class F, class Detail, class R, class... A>
void detail_loop(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Cell<R>* const d = warp.lanes<Cell<R>>(instruction.destination());
  const Detail how = *static_cast<const Detail*>(instruction.detail);
  [&]<size_t... I>(std::index_sequence<I...>) {
    const auto sources = std::make_tuple(static_cast<const Cell<A>*>(warp.lanes<Cell<A>>(instruction.source(I)))...);
    for_each_lane(mask, [&](int lane) { d[lane] = to_cell<R>(F::apply(how, from_cell<A>(std::get<I>(sources)[lane])...)); });
  }(std::index_sequence_for<A...>{});
}

// predicate = F::apply(sources...), as a mask.
template <class F, class... A>
LaneMask lane_mask(const Warp& warp, const Instruction& instruction) {
  LaneMask result = 0;
  [&]<size_t... I>(std::index_sequence<I...>) {
    const auto sources = std::make_tuple(static_cast<const Cell<A>*>(warp.lanes<Cell<A>>(instruction.source(I)))...);
    for (int lane = 0; lane < kLanes; ++lane) {
      result |= static_cast<LaneMask>(F::apply(from_cell<A>(std::get<I>(sources)[lane])...)) << lane;
    }
  }(std::index_sequence_for<A...>{});
  return result;
}

struct Copy {
  template <class T>
  static T apply(T value) {
    return value;
  }
};

}  // namespace attune::emulator
