// Attention forward with mma.sync (FlashAttention-2, arXiv 2307.08691): each warp owns rows of Q and all keys of a tile.
#pragma once

#include "amend_rows.cuh"
#include "cta.cuh"
#include "epilogue.cuh"
#include "kv_tiles.cuh"
#include "products.cuh"
#include "pv.cuh"
#include "qk.cuh"
#include "scores.cuh"
#include "split.cuh"

using QTile = Tile<config::block_m, Qk::row_bytes>;
using KTile = Tile<config::block_n, Qk::row_bytes>;
using VTile = Pv::VTile;

// Shared memory: the ring of K tiles, the ring of V tiles, and Q. Q in registers is staged where the rings will be.
constexpr int v_ring = config::stages * KTile::bytes;
constexpr int ring_bytes = v_ring + config::stages * VTile::bytes;
constexpr int q_tile = config::q_in_registers ? 0 : ring_bytes;
constexpr int shared_bytes = config::q_in_registers ? (ring_bytes > QTile::bytes ? ring_bytes : QTile::bytes)
                                                    : ring_bytes + QTile::bytes;
static_assert(shared_bytes == config::shared_bytes, "the launch and the kernel disagree on shared memory");

class ForwardMma {
 public:
  __device__ ForwardMma(const KernelArguments& arguments, const Work& work, u32 shared)
      : a_(arguments),
        w_(work),
        shared_(shared),
        warp_row_(static_cast<int>(threadIdx.x / warp_lanes) * warp_rows),
        keys_(Qk::keys(arguments, work)),
        pv_(arguments, work) {}

  __device__ void run() {
    start();
    KvTiles current(a_, w_), ahead(a_, w_);
    if constexpr (config::stages == 1) {
      run_single_stage(current, ahead);
    } else {
      run_ring(current, ahead);
    }
    finish();
    const int from = CodePoison(a_, w_).any() ? 0 : pv_.cleared_from();
    if (from != no_key) amend(from);
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

    const auto queries = Qk::queries(a_, w_);
    load_tile<QTile, Qk::width_bytes, threads>(shared_ + q_tile, queries, Qk::queries_aligned(a_));
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) row_scales_[2 * i + half] = Qk::row_scale(a_, w_, row_of(i, half));
    }
    if constexpr (config::q_in_registers) {
      copy_async_commit();
      copy_async_wait<0>();
      __syncthreads();
      const auto place = place_of_a<QTile>(shared_ + q_tile);
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
        for (int step = 0; step < QTile::chunks / 2; ++step) {
          load_matrix_x4(q_[i][step], place.at(warp_row_ + 16 * i, 2 * step));
        }
      }
      __syncthreads();  // the rings may overwrite Q
    }
  }

  // One tile of K and V in shared memory. V arrives while S is computed, the next K while V is used.
  __device__ void run_single_stage(KvTiles& current, KvTiles& ahead) {
    Qk::KeyScales key_scales;
    bool early = true;  // the first copy of K is begun where all others are
#pragma unroll 1
    while (early || current.more()) {
      KvTile tile;
      float s[m_tiles][key_tiles][4];
      if (!early) {
        tile = current.take();
        copy_async_wait<0>();
        __syncthreads();  // K is there, and every warp is done with the V before
        pv_.load(shared_ + v_ring, tile);
        copy_async_commit();
        key_scales = Qk::KeyScales(a_, w_, tile);
        multiply(s, 0);
        __syncthreads();  // every warp is done with K
      }
      if (ahead.more()) load_keys(ahead.take(), 0);
      copy_async_commit();
      if (early) {
        early = false;
        continue;
      }
      const bool hides = needs_hiding(tile);
      softmax(s, tile, key_scales, hides);
      copy_async_wait<1>();
      __syncthreads();  // V is there
      accumulate(s, 0, tile, hides);
    }
  }

  // Rings of `stages` tiles: copies run stages - 1 tiles ahead, one barrier a tile.
  __device__ void run_ring(KvTiles& current, KvTiles& ahead) {
    int free = 0;                    // the place that is filled next; the one after it is the oldest tile's
    int early = config::stages - 1;  // the first copies are begun where all others are
#pragma unroll 1
    while (early > 0 || current.more()) {
      if (early == 0) {
        copy_async_wait<(config::stages >= 2 ? config::stages - 2 : 0)>();
        __syncthreads();  // this tile is there, and every warp is done with the one before, whose place is filled next
      }
      if (ahead.more()) {
        const KvTile next = ahead.take();
        load_keys(next, free);
        pv_.load(shared_ + v_ring + free * VTile::bytes, next);
      }
      copy_async_commit();
      free = free + 1 == config::stages ? 0 : free + 1;
      if (early > 0) {
        --early;
        continue;
      }
      const int stage = free;
      const KvTile tile = current.take();
      const Qk::KeyScales key_scales(a_, w_, tile);
      float s[m_tiles][key_tiles][4];
      multiply(s, stage);
      const bool hides = needs_hiding(tile);
      softmax(s, tile, key_scales, hides);
      accumulate(s, stage, tile, hides);
    }
  }

  __device__ void load_keys(const KvTile& tile, int stage) {
    keys_.begin = tile.begin;
    keys_.end = tile.end;
    load_tile<KTile, Qk::width_bytes, threads>(shared_ + stage * KTile::bytes, keys_, Qk::keys_aligned(a_));
  }

  __device__ void multiply(float (&s)[m_tiles][key_tiles][4], int stage) {
    Qk::Sum sums[m_tiles][key_tiles][4];
    const auto place = place_of_a<QTile>(shared_ + q_tile);
    multiply_keys<Qk, KTile, m_tiles>(
        sums,
        [&](u32(&fragment)[4], int i, int step) {
          if constexpr (config::q_in_registers) {
#pragma unroll
            for (int r = 0; r < 4; ++r) fragment[r] = q_[i][step][r];
          } else {
            load_matrix_x4(fragment, place.at(warp_row_ + 16 * i, 2 * step));
          }
        },
        shared_ + stage * KTile::bytes);
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int n = 0; n < key_tiles; ++n) {
#pragma unroll
        for (int e = 0; e < 4; ++e) s[i][n][e] = Qk::number(sums[i][n][e]);
      }
    }
  }

  // Whether some row of this CTA does not see some place of the tile. The same in every thread.
  __device__ bool needs_hiding(const KvTile& tile) const {
    if constexpr (!config::peel) return true;
    if (tile.end - tile.first < config::block_n) return true;
    if (spec::lists != spec::Lists::none && tile.full) return false;
    if constexpr (spec::mask != spec::Mask::none) return true;
    return tile.begin < last_query_.first || tile.end > first_query_.end;
  }

  __device__ void softmax(float (&s)[m_tiles][key_tiles][4], const KvTile& tile, const Qk::KeyScales& key_scales, bool hides) {
    // What a row sees is found anew for every tile: kept, it takes registers that O needs.
    const int first_row = static_cast<int>(forget(static_cast<u32>(row_of(0, 0))));
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int cta_row = first_row + 16 * i + 8 * half;
        ScoreRow row = score_row(a_, w_, cta_row);
        const float scale = Qk::dequantize(a_, w_, row, cta_row, row_scales_[2 * i + half], key_scales, tile, s[i], half);
        finish_scores(a_, row, tile, s[i], half, hides);
        const float decay = softmax_step<config::rescale_threshold>(state_[2 * i + half], s[i], half, scale, Pv::p_offset);
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

  __device__ void accumulate(const float (&p)[m_tiles][key_tiles][4], int stage, const KvTile& tile, bool hides) {
    pv_.accumulate(o_, p, shared_ + v_ring + stage * VTile::bytes, tile, hides);
  }

  // Rows are a loop and their sums are picked by selects: what runs once a CTA is not worth compiling for each of them.
  // Finds its work anew, so that registers keep nothing for it through the loop over keys.
  __device__ void finish() {
    const Work work = find_work(a_, forget(blockIdx.x));
    const int quad = static_cast<int>(threadIdx.x % 4);
    const Pv::Channels channels(a_, work, work.v_part * v_columns + 2 * quad);
#pragma unroll 1
    for (int r = 0; r < 2 * m_tiles; ++r) {
      SoftmaxRow state = state_[0];
      float sums[v_columns / 8][2];
#pragma unroll
      for (int n = 0; n < v_columns / 8; ++n) {
        sums[n][0] = o_[0][n][0];
        sums[n][1] = o_[0][n][1];
      }
#pragma unroll
      for (int other = 1; other < 2 * m_tiles; ++other) {
        if (r == other) state = state_[other];
#pragma unroll
        for (int n = 0; n < v_columns / 8; ++n) {
          sums[n][0] = r == other ? o_[other / 2][n][other % 2 * 2] : sums[n][0];
          sums[n][1] = r == other ? o_[other / 2][n][other % 2 * 2 + 1] : sums[n][1];
        }
      }
      state.l = quad_sum(state.l);
      // A row past the end borrows the last row's addresses and stores nothing.
      const bool exists = work.row_begin + row_of(0, r) < work.row_end;
      const int index = exists ? work.row_begin + row_of(0, r) : work.row_end - 1;
      const int query = query_of(index), head = work.head + group_head_of(index);
      if constexpr (config::splits > 1) {
        if (exists) store_partial(work, state, sums, query, head);
      } else {
        const RowResult result = finish_row(a_, state.m, state.l, head, Qk::row_constant(a_, work, head, query));
        store_row(row_of_o(a_, work, query, head), sums, result, channels, work.v_part * v_columns, exists, a_.aligned_o != 0);
        if (spec::lse && exists && work.v_part == 0 && quad == 0) *lse_of(a_, work, query, head) = result.lse;
      }
    }
  }

  __device__ void store_partial(const Work& work, const SoftmaxRow& state, const float (&sums)[v_columns / 8][2], int query,
                                int head) {
    const int quad = static_cast<int>(threadIdx.x % 4), first_column = work.v_part * v_columns;
    const i64 row = partial_row(a_, work.batch, head, query);
    float* place = partial_sums(a_, row, work.split) + first_column + 2 * quad;
#pragma unroll
    for (int n = 0; n < v_columns / 8; ++n) {
      if (first_column + 8 * n >= spec::head_dim_v) break;
      *reinterpret_cast<float2*>(place + 8 * n) = {sums[n][0], sums[n][1]};
    }
    if (work.v_part == 0 && quad == 0) *reinterpret_cast<float2*>(partial_state(a_, row, work.split)) = {state.m, state.l};
  }

  // Finds its work anew, as finish does: the compiler has less to allocate.
  __device__ void amend(int from) const {
    const Work work = find_work(a_, forget(blockIdx.x));
    AmendRows(a_, work).run(static_cast<int>(forget(threadIdx.x)) / warp_lanes * warp_rows, from);
  }

  // Row of the CTA that this thread holds in fragment i: its upper or lower half. Row r of the thread is row_of(0, r), too.
  __device__ int row_of(int i, int half) const {
    return warp_row_ + 16 * i + 8 * half + static_cast<int>(threadIdx.x % warp_lanes / 4);
  }

  const KernelArguments& a_;
  const Work& w_;
  u32 shared_;
  int warp_row_;
  decltype(Qk::keys(a_, w_)) keys_;
  Pv pv_;
  Qk::RowScale row_scales_[2 * m_tiles];
  KeyRange first_query_, last_query_;  // what the first and the last row of the CTA see
  SoftmaxRow state_[2 * m_tiles];
  float o_[m_tiles][v_columns / 8][4];
  u32 q_[config::q_in_registers ? m_tiles : 1][config::q_in_registers ? QTile::chunks / 2 : 1][4];
};

extern "C" __global__ void __launch_bounds__(threads, config::min_blocks)
    attune_forward(const __grid_constant__ KernelArguments arguments) {
  extern __shared__ __align__(16) char shared[];
  const Work work = find_work(arguments, blockIdx.x);
  if (work.row_begin >= work.row_end) return;
  ForwardMma(arguments, work, shared_address(shared)).run();
}
