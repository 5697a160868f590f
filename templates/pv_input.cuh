// O += P V with P and V in the tensors' own type, summed in fp32, m16n8k16 at a time.
#pragma once

#include "element.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "poison.cuh"
#include "rows.cuh"
#include "value_rows.cuh"

class Pv {
 public:
  using VTile = ValueRowTile;
  static constexpr float p_offset = 0;  // log2 of the largest P

  __device__ Pv(const KernelArguments& a, const Work& w) : a_(a), v_part_(w.v_part), rows_(value_rows(a, w, w.v_part * v_columns)) {}

  __device__ void load(u32 shared, const KvTile& tile) {
    rows_.begin = tile.begin;
    rows_.end = tile.end;
    load_value_rows(shared, rows_, a_.aligned_v != 0, v_part_);
  }

  __device__ void accumulate(float (&o)[m_tiles][v_columns / 8][4], const float (&p)[m_tiles][key_tiles][4], u32 values,
                             const KvTile& tile, bool hides) {
    if (hides && holds_nonfinite<VTile, threads>(values)) {
      clear_nonfinite<VTile, threads>(values);
      cleared_from_ = min_of(cleared_from_, tile.begin);
    }
    multiply_values(o, p, values);
  }

  // The first key of the tiles that were cleared.
  __device__ int cleared_from() const { return cleared_from_; }

  // What a sum has to be multiplied by, and what has to be added for a row whose keys have all of its probability.
  struct Channels {
    __device__ Channels(const KernelArguments&, const Work&, int) {}
    __device__ float finish(float sum, float factor, float, int) const { return sum * factor; }
  };

 private:
  // The accumulators of S are the fragments of A for the next product: only packing lies between the two.
  static __device__ void multiply_values(float (&o)[m_tiles][v_columns / 8][4], const float (&p)[m_tiles][key_tiles][4],
                                         u32 values) {
    const auto place = place_of_values(values);
#pragma unroll
    for (int step = 0; step < config::block_n / 16; ++step) {
      u32 a[m_tiles][4];
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        const float(&left)[4] = p[i][2 * step];
        const float(&right)[4] = p[i][2 * step + 1];
        a[i][0] = Element::pack(left[0], left[1]);
        a[i][1] = Element::pack(left[2], left[3]);
        a[i][2] = Element::pack(right[0], right[1]);
        a[i][3] = Element::pack(right[2], right[3]);
      }
#pragma unroll
      for (int d = 0; d < v_columns / 16; ++d) {
        u32 b[4];
        load_matrix_x4_transposed(b, place.at(16 * step, 2 * d));
#pragma unroll
        for (int i = 0; i < m_tiles; ++i) {
          Element::multiply_add(o[i][2 * d], a[i], b[0], b[1]);
          Element::multiply_add(o[i][2 * d + 1], a[i], b[2], b[3]);
        }
      }
      if constexpr (v_columns % 16 != 0) {
        constexpr int last = v_columns / 8 - 1;
        u32 b[2];
        load_matrix_x2_transposed(b[0], b[1], place.at(16 * step, last));
#pragma unroll
        for (int i = 0; i < m_tiles; ++i) Element::multiply_add(o[i][last], a[i], b[0], b[1]);
      }
    }
  }

  const KernelArguments& a_;
  int v_part_;
  KeyRows rows_;
  int cleared_from_ = no_key;
};
