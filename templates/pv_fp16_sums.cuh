// O += P V with P and V in fp16, V from the workspace, summed in fp16: twice the rate of fp32 sums on GeForce GPUs.
//
// Source: SageAttention section 4.4. Sums are added to fp32 every flush_keys keys; without a flush, O itself is fp16.
#pragma once

#include "channels.cuh"
#include "kv_tiles.cuh"
#include "ptx_f16.cuh"
#include "padded_rows.cuh"
#include "value_rows.cuh"

class Pv {
 public:
  using VTile = ValueRowTile;
  using Channels = ::Channels;
  static constexpr float p_offset = 0;

  __device__ Pv(const KernelArguments& a, const Work& w) : a_(a), v_part_(w.v_part) {
    rows_.base = a.v_codes + (padded_key_row(a, w, 0) * spec::head_dim_v + w.v_part * v_columns) * 2;
  }

  __device__ void load(u32 shared, const KvTile& tile) {
    rows_.begin = tile.begin;
    rows_.end = tile.end;
    load_value_rows(shared, rows_, true, v_part_);
  }

  __device__ void accumulate(float (&o)[m_tiles][v_columns / 8][4], const float (&p)[m_tiles][key_tiles][4], u32 values,
                             const KvTile&, bool) const {
    constexpr int window = quant::flush_keys == 0 ? config::block_n : quant::flush_keys;
    u32 a[m_tiles][config::block_n / 16][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int step = 0; step < config::block_n / 16; ++step) {
        const float(&left)[4] = p[i][2 * step];
        const float(&right)[4] = p[i][2 * step + 1];
        a[i][step][0] = pack_f16(left[0], left[1]);
        a[i][step][1] = pack_f16(left[2], left[3]);
        a[i][step][2] = pack_f16(right[0], right[1]);
        a[i][step][3] = pack_f16(right[2], right[3]);
      }
    }
    const auto place = place_of_values(values);
#pragma unroll
    for (int d = 0; d < ceil_div(v_columns, 16); ++d) {
#pragma unroll
      for (int first = 0; first < config::block_n; first += window) {
        u32 sums[m_tiles][2][2] = {};
        if constexpr (quant::flush_keys == 0) for_each(d, [&](int i, int n) { pack_sums(sums[i][n], o[i][2 * d + n]); });
#pragma unroll
        for (int step = first / 16; step < (first + window) / 16; ++step) {
          u32 b[4] = {};
          if (2 * d + 1 < v_columns / 8) {
            load_matrix_x4_transposed(b, place.at(16 * step, 2 * d));
          } else {
            load_matrix_x2_transposed(b[0], b[1], place.at(16 * step, 2 * d));
          }
          for_each(d, [&](int i, int n) { multiply_add_f16(sums[i][n], a[i][step], b[2 * n], b[2 * n + 1]); });
        }
        for_each(d, [&](int i, int n) {
#pragma unroll
          for (int e = 0; e < 4; ++e) {
            const float sum = e % 2 == 0 ? low_f16(sums[i][n][e / 2]) : high_f16(sums[i][n][e / 2]);
            float& target = o[i][2 * d + n][e];
            target = quant::flush_keys == 0 ? sum : target + sum;
          }
        });
      }
    }
  }

  static __device__ int cleared_from() { return no_key; }  // codes are finite

 private:
  // Row stride of the workspace's V. Every row is there and aligned.
  struct Rows {
    const char* base = nullptr;
    int begin = 0, end = 0;
    static constexpr bool evenly_spaced = true;
    static constexpr i64 stride_seq = spec::head_dim_v * 2;
    __device__ bool exists(int row) const { return begin + row < end; }
    __device__ const char* start(int row) const { return base + (begin + row) * stride_seq; }
  };

  // The accumulators of columns 16 * d to 16 * d + 15: (fragment of rows, 8-column tile).
  template <class Body>
  static __device__ void for_each(int d, const Body& body) {
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        if (2 * d + n < v_columns / 8) body(i, n);
      }
    }
  }
  static __device__ void pack_sums(u32 (&sums)[2], const float (&o)[4]) {
    sums[0] = pack_f16(o[0], o[1]);
    sums[1] = pack_f16(o[2], o[3]);
  }

  const KernelArguments& a_;
  int v_part_;
  Rows rows_;
};
