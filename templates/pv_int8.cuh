// O += P V with P and V in int8, m16n8k32 at a time, summed in int32 over a tile and then added to fp32.
//
// Source: SageAttention section 4.3 (per-token P). P has a scale a row and tile: its largest value there is 127.
#pragma once

#include "channels.cuh"
#include "ptx_int8.cuh"
#include "softmax.cuh"
#include "value_codes.cuh"
#include "whole_numbers.cuh"

class Pv {
 public:
  using VTile = ValueCodeTile;
  using Channels = ::Channels;
  static constexpr float p_offset = 0;

  __device__ Pv(const KernelArguments& a, const Work& w) : codes_(a, w) {}
  __device__ void load(u32 shared, const KvTile& tile) const { codes_.load(shared, tile); }

  __device__ void accumulate(float (&o)[m_tiles][v_columns / 8][4], const float (&p)[m_tiles][key_tiles][4], u32 values,
                             const KvTile&, bool) const {
    u32 a[m_tiles][config::block_n / 32][4];
    float scale[m_tiles][2];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float largest = 0;
#pragma unroll
        for (int n = 0; n < key_tiles; ++n) largest = fmaxf(largest, fmaxf(p[i][n][2 * half], p[i][n][2 * half + 1]));
        largest = fmaxf(quad_max(largest), smallest_p);
        scale[i][half] = largest / 127.0f;
        const float inverse = 127.0f / largest;
#pragma unroll
        for (int step = 0; step < config::block_n / 32; ++step) {
#pragma unroll
          for (int r = 0; r < 2; ++r) {
            const float(&left)[4] = p[i][4 * step + 2 * r];
            const float(&right)[4] = p[i][4 * step + 2 * r + 1];
            a[i][step][2 * r + half] = pack_codes(left[2 * half] * inverse, left[2 * half + 1] * inverse,
                                                  right[2 * half] * inverse, right[2 * half + 1] * inverse);
          }
        }
      }
    }
    using Numbers = WholeNumbers<127 * 127 * config::block_n>;
    int sums[m_tiles][2][4];
    ValueCodes::multiply(
        values, config::block_n,
        [&](int d) {
          ValueCodes::for_each(d, [&](int i, int n) {
            sums[i][n][0] = sums[i][n][1] = sums[i][n][2] = sums[i][n][3] = Numbers::start;
          });
        },
        [&](int d, int step, const u32(&b)[4]) {
          ValueCodes::for_each(d, [&](int i, int n) { multiply_add_int8(sums[i][n], a[i][step], b[2 * n], b[2 * n + 1]); });
        },
        [&](int d) {
          ValueCodes::for_each(d, [&](int i, int n) {
#pragma unroll
            for (int e = 0; e < 4; ++e) o[i][2 * d + n][e] += Numbers::of(sums[i][n][e]) * scale[i][e / 2];
          });
        });
  }

  static __device__ int cleared_from() { return no_key; }  // codes are finite

 private:
  static constexpr float smallest_p = 6.018531076210112e-36f;  // 2^-117: its 127th part, and the inverse of that, are normal

  // The nearest whole numbers of four values between 0 and 127, at ascending addresses. NaN gives any code.
  static __device__ u32 pack_codes(float x0, float x1, float x2, float x3) {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: what is added to it is rounded to a whole number, its lowest byte
    const u32 low = __byte_perm(__float_as_uint(x0 + magic), __float_as_uint(x1 + magic), 0x0040);
    const u32 high = __byte_perm(__float_as_uint(x2 + magic), __float_as_uint(x3 + magic), 0x0040);
    return __byte_perm(low, high, 0x5410);
  }

  ValueCodes codes_;
};
