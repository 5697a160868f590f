// O += P V with P and V in fp8 e4m3, m16n8k32 at a time, summed in fp32 or in fp16.
//
// Source: SageAttention2 section 3.3 (two levels of sums: tensor cores that multiply e4m3 keep 13 fraction bits of a sum;
// where it is multiplied as fp16, sums are fp32 and need no second level), SageAttention2++ (fp16 sums, at twice the rate on
// GeForce GPUs; V is scaled so that they cannot overflow).
#pragma once

#include "channels.cuh"
#include "e4m3_products.cuh"
#include "ptx_e4m3.cuh"
#include "ptx_f16.cuh"
#include "value_codes.cuh"

class Pv {
 public:
  using VTile = ValueCodeTile;
  using Channels = ::Channels;
  // P reaches just below 448. Part of the running maximum, so that it costs nothing and cancels in O and LSE.
  static constexpr float p_offset = 8.807f;

  __device__ Pv(const KernelArguments& a, const Work& w) : codes_(a, w) {}
  __device__ void load(u32 shared, const KvTile& tile) const { codes_.load(shared, tile); }

  __device__ void accumulate(float (&o)[m_tiles][v_columns / 8][4], const float (&p)[m_tiles][key_tiles][4], u32 values,
                             const KvTile&, bool) const {
    u32 a[m_tiles][config::block_n / 32][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int step = 0; step < config::block_n / 32; ++step) {
#pragma unroll
        for (int r = 0; r < 4; ++r) {
          const float(&left)[4] = p[i][4 * step + r / 2 * 2];
          const float(&right)[4] = p[i][4 * step + r / 2 * 2 + 1];
          const int e = r % 2 * 2;
          a[i][step][r] = pack_e4m3(left[e], left[e + 1], right[e], right[e + 1]);
        }
      }
    }
    if constexpr (quant::f16_sums) {
      u32 sums[m_tiles][2][2];
      ValueCodes::multiply(
          values, quant::flush_keys,
          [&](int d) { ValueCodes::for_each(d, [&](int i, int n) { sums[i][n][0] = sums[i][n][1] = 0; }); },
          [&](int d, int step, const u32(&b)[4]) {
            ValueCodes::for_each(
                d, [&](int i, int n) { multiply_add_e4m3_f16(sums[i][n], a[i][step], b[2 * n], b[2 * n + 1]); });
          },
          [&](int d) {
            ValueCodes::for_each(d, [&](int i, int n) {
#pragma unroll
              for (int e = 0; e < 4; ++e) {
                o[i][2 * d + n][e] += e % 2 == 0 ? low_f16(sums[i][n][e / 2]) : high_f16(sums[i][n][e / 2]);
              }
            });
          });
    } else if constexpr (quant::flush_keys > 0 && e4m3_sums_are_short) {
      float sums[m_tiles][2][4];
      ValueCodes::multiply(
          values, quant::flush_keys,
          [&](int d) {
            ValueCodes::for_each(d, [&](int i, int n) { sums[i][n][0] = sums[i][n][1] = sums[i][n][2] = sums[i][n][3] = 0; });
          },
          [&](int d, int step, const u32(&b)[4]) {
            ValueCodes::for_each(d,
                                 [&](int i, int n) { multiply_add_e4m3(sums[i][n], a[i][step], b[2 * n], b[2 * n + 1]); });
          },
          [&](int d) {
            ValueCodes::for_each(d, [&](int i, int n) {
#pragma unroll
              for (int e = 0; e < 4; ++e) o[i][2 * d + n][e] += sums[i][n][e];
            });
          });
    } else {
      ValueCodes::multiply(
          values, config::block_n, [](int) {},
          [&](int d, int step, const u32(&b)[4]) {
            ValueCodes::for_each(
                d, [&](int i, int n) { multiply_add_e4m3(o[i][2 * d + n], a[i][step], b[2 * n], b[2 * n + 1]); });
          },
          [](int) {});
    }
  }

  static __device__ int cleared_from() { return no_key; }  // codes are finite

 private:
  ValueCodes codes_;
};
