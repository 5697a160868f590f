#include "emulator/tensor/multiply.hpp"

#include <algorithm>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/short_accumulator.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace attune::emulator {
namespace {

// Eight columns at once; the compiler splits it to the registers that the target has.
using Row = double __attribute__((vector_size(64), may_alias));

}  // namespace

void multiply(const MmaInstruction& instruction, bool is_short, MmaOperands& operands) {
  if (is_short) {
    multiply_short(operands, instruction.m, instruction.k);
  } else if (has_vector_form()) {
    multiply_vector(operands, instruction.m, instruction.k);
  } else {
    multiply_portable(operands, instruction.m, instruction.k);
  }
}

void multiply_portable(MmaOperands& operands, int rows, int depth) {
  constexpr int kBlock = 2;  // rows summed at a time, to hide the latency of the addition
  for (int first = 0; first < rows; first += kBlock) {
    Row sum[kBlock];
    for (int i = 0; i < kBlock; ++i) sum[i] = *reinterpret_cast<const Row*>(operands.sum[first + i]);
    for (int k = 0; k < depth; ++k) {
      const Row b = *reinterpret_cast<const Row*>(operands.b[k]);
      for (int i = 0; i < kBlock; ++i) sum[i] += operands.a[first + i][k] * b;
    }
    for (int i = 0; i < kBlock; ++i) *reinterpret_cast<Row*>(operands.sum[first + i]) = sum[i];
  }
}

#if defined(__x86_64__)

#define ATTUNE_VECTOR __attribute__((target("avx2,fma,f16c")))
#define ATTUNE_VECTOR_INLINE __attribute__((target("avx2,fma,f16c"), always_inline)) inline

bool has_vector_form() {
  static const bool has =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("f16c") != 0;
  return has;
}

namespace {

struct Columns {  // eight numbers of a row
  __m256d low, high;
};

constexpr int kBlock = 4;

// kBlock rows of sums; `stride` is the distance of A's rows.
ATTUNE_VECTOR_INLINE void add_products(Columns (&sum)[kBlock], const double* a, int stride, const double (*b)[kMmaColumns],
                                       int depth) {
  for (int k = 0; k < depth; ++k) {
    const __m256d low = _mm256_load_pd(b[k]), high = _mm256_load_pd(b[k] + 4);
    for (int i = 0; i < kBlock; ++i) {
      const __m256d x = _mm256_broadcast_sd(a + i * stride + k);
      sum[i].low = _mm256_fmadd_pd(x, low, sum[i].low);
      sum[i].high = _mm256_fmadd_pd(x, high, sum[i].high);
    }
  }
}

// Eight codes beside each other, in the order of k, as numbers.
ATTUNE_VECTOR_INLINE __m256 widen_halves(MmaType type, const uint32_t* lanes) {
  const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes));
  if (type == MmaType::f16) return _mm256_cvtph_ps(codes);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(codes), 16));
}
ATTUNE_VECTOR_INLINE __m256 widen_bytes(MmaType type, const uint32_t* lanes) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(lanes));
  if (type == MmaType::s8) return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  if (type == MmaType::u8) return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  const __m128i codes = _mm_cvtepu8_epi16(bytes);
  if (type == MmaType::e5m2) return _mm256_cvtph_ps(_mm_slli_epi16(codes, 8));  // f16 cut off
  // e4m3 as f16 has an exponent whose bias is larger by 8; its NaN is a number there.
  const __m128i magnitude = _mm_and_si128(codes, _mm_set1_epi16(0x7f));
  const __m128i sign = _mm_slli_epi16(_mm_and_si128(codes, _mm_set1_epi16(0x80)), 8);
  const __m128i nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7f));
  const __m128i halves = _mm_or_si128(_mm_or_si128(_mm_slli_epi16(magnitude, 7), sign), nan);
  return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(256.0f));
}

template <bool kBytes>
ATTUNE_VECTOR_INLINE __m256 widen(MmaType type, const uint32_t* lanes) {
  if constexpr (kBytes) return widen_bytes(type, lanes);
  return widen_halves(type, lanes);
}

ATTUNE_VECTOR_INLINE void store(double* target, __m256 values) {
  _mm256_store_pd(target, _mm256_cvtps_pd(_mm256_castps256_ps128(values)));
  _mm256_store_pd(target + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(values, 1)));
}

ATTUNE_VECTOR_INLINE void transpose(__m256 (&rows)[8]) {
  __m256 pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
  }
}

// The lanes of row g hold its eight sums: of f32 and s32 the even columns in one register and the odd ones in the next, of
// f16 pairs in one. `lane` is 4g.
template <MmaType kSum>
ATTUNE_VECTOR_INLINE Columns load_sums(std::span<const LaneRegisters* const> c, int half, int lane) {
  if constexpr (kSum == MmaType::f16) {
    const __m256 values = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(c[half]->data() + lane)));
    return {_mm256_cvtps_pd(_mm256_castps256_ps128(values)), _mm256_cvtps_pd(_mm256_extractf128_ps(values, 1))};
  } else {
    const __m128 even = _mm_loadu_ps(reinterpret_cast<const float*>(c[2 * half]->data() + lane));
    const __m128 odd = _mm_loadu_ps(reinterpret_cast<const float*>(c[2 * half + 1]->data() + lane));
    const __m128 low = _mm_unpacklo_ps(even, odd), high = _mm_unpackhi_ps(even, odd);
    if constexpr (kSum == MmaType::s32) {
      return {_mm256_cvtepi32_pd(_mm_castps_si128(low)), _mm256_cvtepi32_pd(_mm_castps_si128(high))};
    } else {
      return {_mm256_cvtps_pd(low), _mm256_cvtps_pd(high)};
    }
  }
}

ATTUNE_VECTOR_INLINE __m128 to_f32(__m256d values) {
  const __m128 result = _mm256_cvtpd_ps(values);
  const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(static_cast<int>(kNanF32)));
  return _mm_blendv_ps(result, nan, _mm_cmpunord_ps(result, result));
}

// Whole numbers below 2^53, wrapped or clamped to 32 bits.
ATTUNE_VECTOR_INLINE __m128 to_s32(__m256d values, bool clamps) {
  const __m256d lowest = _mm256_set1_pd(-0x1p31);
  if (clamps) {
    values = _mm256_min_pd(_mm256_max_pd(values, lowest), _mm256_set1_pd(0x1p31 - 1));
  } else {
    const __m256d turns = _mm256_floor_pd(_mm256_mul_pd(_mm256_sub_pd(values, lowest), _mm256_set1_pd(0x1p-32)));
    values = _mm256_sub_pd(values, _mm256_mul_pd(turns, _mm256_set1_pd(0x1p32)));
  }
  return _mm_castsi128_ps(_mm256_cvtpd_epi32(values));
}

// To f32 toward odd: what is cut off goes into the last bit, so that rounding to f16 after it is the only rounding.
ATTUNE_VECTOR_INLINE __m128 to_odd_f32(__m256d values) {
  const __m256i bits = _mm256_castpd_si256(values);
  const __m256i below = _mm256_set1_epi64x(0x1fffffff);
  const __m256i exact = _mm256_cmpeq_epi64(_mm256_and_si256(bits, below), _mm256_setzero_si256());
  const __m256i sticky = _mm256_andnot_si256(exact, _mm256_set1_epi64x(0x20000000));
  return _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_or_si256(_mm256_andnot_si256(below, bits), sticky)));
}

template <MmaType kSum>
ATTUNE_VECTOR_INLINE void store_sums(const Columns& sum, LaneRegisters* d, int half, int lane, bool clamps) {
  if constexpr (kSum == MmaType::f16) {
    const __m256 values = _mm256_set_m128(to_odd_f32(sum.high), to_odd_f32(sum.low));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(values, values, _CMP_UNORD_Q));
    const __m128i nans = _mm_packs_epi32(_mm256_castsi256_si128(nan), _mm256_extracti128_si256(nan, 1));
    const __m128i codes = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d[half].data() + lane),
                     _mm_blendv_epi8(codes, _mm_set1_epi16(kNanF16), nans));
  } else {
    const __m128 low = kSum == MmaType::s32 ? to_s32(sum.low, clamps) : to_f32(sum.low);
    const __m128 high = kSum == MmaType::s32 ? to_s32(sum.high, clamps) : to_f32(sum.high);
    _mm_storeu_ps(reinterpret_cast<float*>(d[2 * half].data() + lane), _mm_shuffle_ps(low, high, 0x88));
    _mm_storeu_ps(reinterpret_cast<float*>(d[2 * half + 1].data() + lane), _mm_shuffle_ps(low, high, 0xdd));
  }
}

template <bool kBytes, MmaType kSum>
ATTUNE_VECTOR void mma_whole(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
                             std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c,
                             std::span<LaneRegisters* const> d) {
  constexpr int kDepth = kBytes ? 32 : 16;
  constexpr int kParts = kBytes ? 2 : 1;  // of eight elements, in a register of four lanes
  alignas(32) double left[kMaxMmaRows][kDepth];
  alignas(32) double right[kDepth][kMmaColumns];
  for (int r = 0; r < instruction.a_registers; ++r) {
    for (int g = 0; g < 8; ++g) {
      double* const row = &left[g + 8 * (r % 2)][8 * kParts * (r / 2)];
      for (int part = 0; part < kParts; ++part)
        store(row + 8 * part, widen<kBytes>(instruction.a, a[r]->data() + 4 * g + 2 * part));
    }
  }
  for (int r = 0; r < instruction.b_registers; ++r) {
    for (int part = 0; part < kParts; ++part) {
      __m256 rows[8];
      for (int g = 0; g < 8; ++g) rows[g] = widen<kBytes>(instruction.b, b[r]->data() + 4 * g + 2 * part);
      transpose(rows);
      for (int k = 0; k < 8; ++k) store(right[8 * (kParts * r + part) + k], rows[k]);
    }
  }
  LaneRegisters result[4];  // d may be a, b or c
  for (int first = 0; first < kMaxMmaRows; first += kBlock) {
    const int half = first / 8;
    Columns sum[kBlock];
    for (int i = 0; i < kBlock; ++i) sum[i] = load_sums<kSum>(c, half, 4 * ((first + i) % 8));
    add_products(sum, left[first], kDepth, right, instruction.k);
    for (int i = 0; i < kBlock; ++i) {
      store_sums<kSum>(sum[i], result, half, 4 * ((first + i) % 8), instruction.satfinite);
    }
  }
  for (int r = 0; r < instruction.d_registers; ++r) *d[r] = result[r];
}

// Types whose elements are whole bytes in every kind that has them.
bool is_byte(MmaType type) {
  return type == MmaType::e4m3 || type == MmaType::e5m2 || type == MmaType::s8 || type == MmaType::u8;
}

}  // namespace

ATTUNE_VECTOR void multiply_vector(MmaOperands& operands, int rows, int depth) {
  for (int first = 0; first < rows; first += kBlock) {
    Columns sum[kBlock];
    for (int i = 0; i < kBlock; ++i) {
      sum[i] = {_mm256_load_pd(operands.sum[first + i]), _mm256_load_pd(operands.sum[first + i] + 4)};
    }
    add_products(sum, operands.a[first], kMaxMmaDepth, operands.b, depth);
    for (int i = 0; i < kBlock; ++i) {
      _mm256_store_pd(operands.sum[first + i], sum[i].low);
      _mm256_store_pd(operands.sum[first + i] + 4, sum[i].high);
    }
  }
}

bool mma_vector(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
                std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c,
                std::span<LaneRegisters* const> d) {
  if (!has_vector_form() || instruction.block_scaled || instruction.m != kMaxMmaRows) return false;
  const bool halves = instruction.a == MmaType::f16 || instruction.a == MmaType::bf16;
  if (halves && instruction.d == MmaType::f32) {
    mma_whole<false, MmaType::f32>(instruction, a, b, c, d);
  } else if (halves) {
    mma_whole<false, MmaType::f16>(instruction, a, b, c, d);
  } else if (!is_byte(instruction.a) || !is_byte(instruction.b)) {
    return false;
  } else if (instruction.d == MmaType::f32) {
    mma_whole<true, MmaType::f32>(instruction, a, b, c, d);
  } else if (instruction.d == MmaType::f16) {
    mma_whole<true, MmaType::f16>(instruction, a, b, c, d);
  } else {
    mma_whole<true, MmaType::s32>(instruction, a, b, c, d);
  }
  return true;
}

#else

bool has_vector_form() { return false; }
void multiply_vector(MmaOperands& operands, int rows, int depth) { multiply_portable(operands, rows, depth); }
bool mma_vector(const MmaInstruction&, std::span<const LaneRegisters* const>, std::span<const LaneRegisters* const>,
                std::span<const LaneRegisters* const>, std::span<LaneRegisters* const>) {
  return false;
}

#endif

}  // namespace attune::emulator
