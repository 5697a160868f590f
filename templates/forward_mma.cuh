// Attention forward with mma.sync (FlashAttention-2, arXiv 2307.08691): each warp owns rows of Q and all keys of a tile.
#pragma once

#include "epilogue.cuh"
#include "kv_tiles.cuh"
#include "poison.cuh"
#include "scores.cuh"
#include "split.cuh"

constexpr int threads = config::warps * warp_lanes;
constexpr int warp_rows = config::block_m / config::warps;
constexpr int m_tiles = warp_rows / 16;
constexpr int v_columns = ceil_div(ceil_div(spec::head_dim_v, config::v_splits), 8) * 8;  // of this CTA

using QTile = Tile<config::block_m, ceil_div(spec::head_dim_qk, 16) * 16>;
using KTile = Tile<config::block_n, QTile::columns>;
using VTile = Tile<config::block_n, v_columns>;
constexpr int key_tiles = config::block_n / 8;

// Shared memory: the ring of K tiles, the ring of V tiles, and Q. Q in registers is staged where the rings will be.
constexpr int v_ring = config::stages * KTile::bytes;
constexpr int ring_bytes = v_ring + config::stages * VTile::bytes;
constexpr int q_tile = config::q_in_registers ? 0 : ring_bytes;
constexpr int shared_bytes = config::q_in_registers ? (ring_bytes > QTile::bytes ? ring_bytes : QTile::bytes)
                                                    : ring_bytes + QTile::bytes;
static_assert(shared_bytes == config::shared_bytes, "the launch and the kernel disagree on shared memory");

class ForwardMma {
 public:
  __device__ ForwardMma(const Arguments& arguments, const Work& work, u32 shared)
      : a_(arguments),
        w_(work),
        shared_(shared),
        warp_row_(static_cast<int>(threadIdx.x) / warp_lanes * warp_rows),
        keys_(key_rows(arguments, work)),
        values_(value_rows(arguments, work, work.v_part * v_columns)) {}

  __device__ void run() {
    start();
    KvTiles current(a_, w_), ahead(a_, w_);
    if constexpr (config::stages == 1) {
      run_single_stage(current, ahead);
    } else {
      run_ring(current, ahead);
    }
    finish();
  }

 private:
  // Begins the copy of Q.
  __device__ void start() {
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int n = 0; n < v_columns / 8; ++n) o_[i][n][0] = o_[i][n][1] = o_[i][n][2] = o_[i][n][3] = 0;
    }
    first_query_ = visible_keys(a_, w_, query_of(w_.row_begin));
    last_query_ = visible_keys(a_, w_, query_of(w_.row_end - 1));

    load_tile<QTile, spec::head_dim_qk, threads>(shared_ + q_tile, query_rows(a_, w_), a_.q, a_.aligned_q != 0);
    if constexpr (config::q_in_registers) {
      copy_async_commit();
      copy_async_wait<0>();
      __syncthreads();
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
        for (int step = 0; step < QTile::columns / 16; ++step) {
          load_a<QTile>(q_[i][step], shared_ + q_tile, warp_row_ + 16 * i, step);
        }
      }
      __syncthreads();  // the rings may overwrite Q
    }
  }

  // One tile of K and V in shared memory. V arrives while S is computed, the next K while V is used.
  __device__ void run_single_stage(KvTiles& current, KvTiles& ahead) {
    KvTile tile, next;
    if (ahead.next(next)) load_keys(next, 0);
    copy_async_commit();
    while (current.next(tile)) {
      copy_async_wait<0>();
      __syncthreads();  // K is there, and every warp is done with the V before
      load_values(tile, 0);
      copy_async_commit();
      float s[m_tiles][key_tiles][4];
      multiply(s, 0);
      __syncthreads();  // every warp is done with K
      if (ahead.next(next)) load_keys(next, 0);
      copy_async_commit();
      const bool hides = needs_hiding(tile);
      softmax(s, tile, hides);
      copy_async_wait<1>();
      __syncthreads();  // V is there
      accumulate(s, 0, hides);
    }
  }

  // Rings of `stages` tiles: copies run stages - 1 tiles ahead, one barrier a tile.
  __device__ void run_ring(KvTiles& current, KvTiles& ahead) {
    KvTile tile, next;
#pragma unroll
    for (int stage = 0; stage < config::stages - 1; ++stage) {
      if (ahead.next(next)) {
        load_keys(next, stage);
        load_values(next, stage);
      }
      copy_async_commit();
    }
    int stage = 0;
    while (current.next(tile)) {
      copy_async_wait<(config::stages >= 2 ? config::stages - 2 : 0)>();
      __syncthreads();  // this tile is there, and every warp is done with the one before, whose place is filled next
      const int free = stage == 0 ? config::stages - 1 : stage - 1;
      if (ahead.next(next)) {
        load_keys(next, free);
        load_values(next, free);
      }
      copy_async_commit();
      float s[m_tiles][key_tiles][4];
      multiply(s, stage);
      const bool hides = needs_hiding(tile);
      softmax(s, tile, hides);
      accumulate(s, stage, hides);
      stage = stage + 1 == config::stages ? 0 : stage + 1;
    }
  }

  __device__ void load_keys(const KvTile& tile, int stage) {
    keys_.begin = tile.begin;
    keys_.end = tile.end;
    load_tile<KTile, spec::head_dim_qk, threads>(shared_ + stage * KTile::bytes, keys_, a_.k, a_.aligned_k != 0);
  }

  __device__ void load_values(const KvTile& tile, int stage) {
    values_.begin = tile.begin;
    values_.end = tile.end;
    if constexpr (spec::head_dim_v % v_columns == 0) {
      load_tile<VTile, v_columns, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    } else if (w_.v_part < config::v_splits - 1) {
      load_tile<VTile, v_columns, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    } else {
      constexpr int rest = spec::head_dim_v - (config::v_splits - 1) * v_columns;
      load_tile<VTile, rest, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    }
  }

  __device__ void multiply(float (&s)[m_tiles][key_tiles][4], int stage) {
    multiply_keys<KTile, m_tiles>(
        s,
        [&](u32(&fragment)[4], int i, int step) {
          if constexpr (config::q_in_registers) {
#pragma unroll
            for (int r = 0; r < 4; ++r) fragment[r] = q_[i][step][r];
          } else {
            load_a<QTile>(fragment, shared_ + q_tile, warp_row_ + 16 * i, step);
          }
        },
        shared_ + stage * KTile::bytes);
  }

  // Whether some row of this CTA does not see some place of the tile. The same in every thread.
  __device__ bool needs_hiding(const KvTile& tile) const {
    if constexpr (!config::peel) return true;
    if (tile.end - tile.begin < config::block_n) return true;
    if (spec::lists != spec::Lists::none && tile.full) return false;
    if constexpr (spec::mask != spec::Mask::none) return true;
    return tile.begin < last_query_.first || tile.end > first_query_.end;
  }

  __device__ void softmax(float (&s)[m_tiles][key_tiles][4], const KvTile& tile, bool hides) {
    const float scale = scores_are_modified ? 1.0f : a_.scale_log2;
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        // Formed anew for every tile: kept, the rows of a warp take registers that O needs.
        const ScoreRow row = score_row(a_, w_, row_of(i, half));
        if (hides) {
          finish_scores<true>(a_, row, tile, s[i], half);
        } else if constexpr (config::peel) {
          finish_scores<false>(a_, row, tile, s[i], half);
        }
        const float decay = softmax_step<config::rescale_threshold>(state_[2 * i + half], s[i], half, scale);
        if (__any_sync(0xffffffff, decay != 1)) {
#pragma unroll
          for (int n = 0; n < v_columns / 8; ++n) {
            o_[i][n][2 * half] *= decay;
            o_[i][n][2 * half + 1] *= decay;
          }
        }
      }
    }
  }

  __device__ void accumulate(const float (&p)[m_tiles][key_tiles][4], int stage, bool hides) {
    const u32 values = shared_ + v_ring + stage * VTile::bytes;
    if (hides && holds_nonfinite<VTile, threads>(values)) move_nonfinite<VTile, threads, m_tiles>(o_, p, values);
    multiply_values<VTile, m_tiles>(o_, p, values);
  }

  __device__ void finish() {
    const int quad = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        SoftmaxRow& state = state_[2 * i + half];
        state.l = quad_sum(state.l);
        // A row past the end borrows the last row's addresses and stores nothing.
        const bool exists = w_.row_begin + row_of(i, half) < w_.row_end;
        const int index = exists ? w_.row_begin + row_of(i, half) : w_.row_end - 1;
        const int query = query_of(index), head = w_.head + group_head_of(index);
        if constexpr (config::splits > 1) {
          if (exists) store_partial(i, half, query, head);
        } else {
          const RowResult result = finish_row(a_, state.m, state.l, head);
          char* row = a_.o + w_.batch * a_.o_stride_batch + head * a_.o_stride_head + (w_.q_first + query) * a_.o_stride_seq;
          store_row(row, o_[i], half, result.factor, w_.v_part * v_columns, exists, a_.aligned_o != 0);
          if (spec::lse && exists && w_.v_part == 0 && quad == 0) *lse_of(a_, w_, query, head) = result.lse;
        }
      }
    }
  }

  __device__ void store_partial(int i, int half, int query, int head) {
    const int quad = static_cast<int>(threadIdx.x) % 4, first_column = w_.v_part * v_columns;
    const i64 row = partial_row(a_, w_.batch, head, query);
    float* sums = partial_sums(a_, row, w_.split) + first_column + 2 * quad;
#pragma unroll
    for (int n = 0; n < v_columns / 8; ++n) {
      if (first_column + 8 * n >= spec::head_dim_v) break;
      *reinterpret_cast<float2*>(sums + 8 * n) = {o_[i][n][2 * half], o_[i][n][2 * half + 1]};
    }
    const SoftmaxRow& state = state_[2 * i + half];
    if (w_.v_part == 0 && quad == 0) *reinterpret_cast<float2*>(partial_state(a_, row, w_.split)) = {state.m, state.l};
  }

  // Row of the CTA that this thread holds in fragment i: its upper or lower half.
  __device__ int row_of(int i, int half) const {
    return warp_row_ + 16 * i + 8 * half + static_cast<int>(threadIdx.x) % warp_lanes / 4;
  }

  const Arguments& a_;
  const Work& w_;
  u32 shared_;
  int warp_row_;
  KeyRows keys_, values_;
  KeyRange first_query_, last_query_;  // what the first and the last row of the CTA see
  SoftmaxRow state_[2 * m_tiles];
  float o_[m_tiles][v_columns / 8][4];
  u32 q_[config::q_in_registers ? m_tiles : 1][config::q_in_registers ? QTile::columns / 16 : 1][4];
};

extern "C" __global__ void __launch_bounds__(threads, config::min_blocks)
    attune_forward(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(16) char shared[];
  const Work work = find_work(arguments);
  if (work.row_begin >= work.row_end) return;
  ForwardMma(arguments, work, shared_address(shared)).run();
}
