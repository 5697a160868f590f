// NaN and infinity behind codes. A code cannot say that its element was not finite: the quantizers leave 0, and a bit for the
// row of K or V. Rows of Q that see a flagged key end as NaN, and those that see a flagged row of V in the channels where it
// is not finite; no other row feels it. (A row of Q has NaN as its constant.) One flag a head tells whether there is any bit.
#pragma once

#include "cta.cuh"
#include "element.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "padded_rows.cuh"
#include "rows.cuh"

class CodePoison {
 public:
  __device__ CodePoison(const KernelArguments& a, const Work& w)
      : a_(a), w_(w), any_(quant::scales == quant::Scales::safe && a.poison[w.batch * a.heads_kv + w.kv_head] != 0) {}

  // Elements 2 * half and the next of each tile are scores of one row, -infinity where hidden; o has its sums.
  __device__ void mark(const KvTile& tile, float (&s)[key_tiles][4], float (&o)[v_columns / 8][4], int half) const {
    if (!any_) return;
    if constexpr (quant::keeps_v && !quant::given_v) mark_values(tile, s, o, half);
    if constexpr (quant::qk != quant::Qk::input && !quant::given_qk) mark_keys(tile, s, half);
  }

 private:
  // The flags of 32 keys from key 8 * n of the tile on.
  __device__ u32 flags(const u32* words, const KvTile& tile, int n) const {
    const int key = tile.begin + 8 * n;
    return key < tile.end ? words[padded_key_row(a_, w_, key) / 32] >> (key % 32) : 0;
  }

  __device__ void mark_keys(const KvTile& tile, float (&s)[key_tiles][4], int half) const {
    const int quad = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
    for (int n = 0; n < key_tiles; ++n) {
      const u32 bits = flags(a_.k_poison, tile, n) >> (2 * quad);
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        float& score = s[n][2 * half + e];
        if ((bits >> e & 1) != 0 && score != -infinity) score = not_a_number();
      }
    }
  }

  __device__ void mark_values(const KvTile& tile, const float (&s)[key_tiles][4], float (&o)[v_columns / 8][4],
                              int half) const {
    const int quad = static_cast<int>(threadIdx.x) % 4;
    KeyRows rows = value_rows(a_, w_, w_.v_part * v_columns);
    rows.begin = tile.begin;
    rows.end = tile.end;
#pragma unroll
    for (int word = 0; word < ceil_div(key_tiles, 4); ++word) {
      u32 seen = 0;
#pragma unroll
      for (int n = 4 * word; n < 4 * word + 4 && n < key_tiles; ++n) {
        const u32 pair = (s[n][2 * half] != -infinity ? 1u : 0u) | (s[n][2 * half + 1] != -infinity ? 2u : 0u);
        seen |= pair << (8 * (n % 4) + 2 * quad);
      }
      seen |= __shfl_xor_sync(0xffffffff, seen, 1);
      seen |= __shfl_xor_sync(0xffffffff, seen, 2);
      seen &= flags(a_.v_poison, tile, 4 * word);
#pragma unroll 1
      for (int k = 0; k < 32; ++k) {
        if ((seen >> k & 1) == 0) continue;
        const u16* values = reinterpret_cast<const u16*>(rows.start(32 * word + k));
#pragma unroll
        for (int n = 0; n < v_columns / 8; ++n) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            const int column = 8 * n + 2 * quad + e;
            if (w_.v_part * v_columns + column >= spec::head_dim_v) continue;
            if (!Element::low_is_finite(values[column])) o[n][2 * half + e] = not_a_number();
          }
        }
      }
    }
  }

  static __device__ float not_a_number() { return __uint_as_float(0x7fffffff); }

  const KernelArguments& a_;
  const Work& w_;
  bool any_;
};
