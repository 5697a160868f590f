// Integer division that rounds up, for counts that are not negative.
#pragma once

#include <cstdint>

namespace attune {

// The number of parts of at most b that make a. b > 0; no overflow where a + b fits 64 bits.
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
// The least multiple of b that is not below a.
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

}  // namespace attune
