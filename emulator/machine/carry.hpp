// Instructions that write the carry, and products wider than a register.
#pragma once

#include <cstdint>
#include <type_traits>

#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// The upper half of the product.
template <class T>
T high_product(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    using Wide = std::conditional_t<std::is_signed_v<T>, Int128, Uint128>;
    return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b) >> 64);
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<T>(Wide{a} * Wide{b} >> (sizeof(T) * 8));
  }
}

// add.cc, sub.cc and mad.lo.cc, mad.hi.cc, whose .cc has been taken; `high` is that of mad.
Result<void> decode_carry_out(Decoder& decoder, bool high = false);

}  // namespace attune::emulator
