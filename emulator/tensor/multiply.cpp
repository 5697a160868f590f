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

void multiply(const MmaInstruction& instruction, const MmaOptions& options, MmaOperands& operands) {
  const bool bytes = instruction.a == MmaType::e4m3 || instruction.a == MmaType::e5m2;
  if (options.fp8_short_accumulator && instruction.kind == MmaKind::plain && bytes && instruction.d == MmaType::f32) {
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

// Eight 16-bit codes: what one register of four neighbouring lanes holds, in the order of k.
ATTUNE_VECTOR_INLINE __m256 widen(MmaType type, const uint32_t* lanes) {
  const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes));
  if (type == MmaType::f16) return _mm256_cvtph_ps(codes);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(codes), 16));
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

// Accumulator registers 2h and 2h + 1 of four lanes are the even and the odd columns of a row.
ATTUNE_VECTOR_INLINE Columns interleave(const uint32_t* even, const uint32_t* odd) {
  const __m128 x = _mm_loadu_ps(reinterpret_cast<const float*>(even)), y = _mm_loadu_ps(reinterpret_cast<const float*>(odd));
  return {_mm256_cvtps_pd(_mm_unpacklo_ps(x, y)), _mm256_cvtps_pd(_mm_unpackhi_ps(x, y))};
}

ATTUNE_VECTOR_INLINE __m128 rounded(__m256d values) {
  const __m128 result = _mm256_cvtpd_ps(values);
  const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(static_cast<int>(kNanF32)));
  return _mm_blendv_ps(result, nan, _mm_cmpunord_ps(result, result));
}

template <MmaType kType>
ATTUNE_VECTOR void mma_half(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
                            std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c,
                            std::span<LaneRegisters* const> d) {
  constexpr int kDepth = 16;
  alignas(32) double left[kMaxMmaRows][kDepth];
  alignas(32) double right[kDepth][kMmaColumns];
  for (int r = 0; r < instruction.a_registers; ++r) {
    for (int g = 0; g < 8; ++g) store(&left[g + 8 * (r % 2)][8 * (r / 2)], widen(kType, a[r]->data() + 4 * g));
  }
  for (int r = 0; r < instruction.b_registers; ++r) {
    __m256 rows[8];
    for (int g = 0; g < 8; ++g) rows[g] = widen(kType, b[r]->data() + 4 * g);
    transpose(rows);
    for (int k = 0; k < 8; ++k) store(right[8 * r + k], rows[k]);
  }
  LaneRegisters result[4];  // d may be a, b or c
  for (int first = 0; first < kMaxMmaRows; first += kBlock) {
    const int half = 2 * (first / 8);
    Columns sum[kBlock];
    for (int i = 0; i < kBlock; ++i) {
      const int lane = 4 * ((first + i) % 8);
      sum[i] = interleave(c[half]->data() + lane, c[half + 1]->data() + lane);
    }
    add_products(sum, left[first], kDepth, right, instruction.k);
    for (int i = 0; i < kBlock; ++i) {
      const int lane = 4 * ((first + i) % 8);
      const __m128 low = rounded(sum[i].low), high = rounded(sum[i].high);
      _mm_storeu_ps(reinterpret_cast<float*>(result[half].data() + lane), _mm_shuffle_ps(low, high, 0x88));
      _mm_storeu_ps(reinterpret_cast<float*>(result[half + 1].data() + lane), _mm_shuffle_ps(low, high, 0xdd));
    }
  }
  for (int r = 0; r < 4; ++r) *d[r] = result[r];
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

void mma_half_vector(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
                     std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c,
                     std::span<LaneRegisters* const> d) {
  return instruction.a == MmaType::f16 ? mma_half<MmaType::f16>(instruction, a, b, c, d)
                                       : mma_half<MmaType::bf16>(instruction, a, b, c, d);
}

#else

bool has_vector_form() { return false; }
void multiply_vector(MmaOperands& operands, int rows, int depth) { multiply_portable(operands, rows, depth); }
void mma_half_vector(const MmaInstruction&, std::span<const LaneRegisters* const>, std::span<const LaneRegisters* const>,
                     std::span<const LaneRegisters* const>, std::span<LaneRegisters* const>) {}

#endif

}  // namespace attune::emulator
