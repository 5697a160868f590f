// Between natural logarithms, which callers know, and those to the base of 2, which the hardware has.
#pragma once

constexpr float log2_e = 1.4426950408889634f;
constexpr float ln_2 = 0.6931471805599453f;
