// The last launch of the quantizers: codes, scales and all else that the attention kernel reads. The caller's tensors are
// read once here, and once before by the launches for statistics, where there are any.
#pragma once

#include "delta_scores.cuh"
#include "quantize_rows.cuh"
#include "quantize_values.cuh"

namespace quantizer {

struct QuantizeShared {
  KeySmoothing smoothing;
  // A CTA does one of four things.
  union {
    RowShared rows;
    ValueShared values;
    DeltaShared delta;
  };
};

// CTAs an SM at the least: registers for them without a spill.
constexpr int ctas_of_sm = quant::k_sink ? 2 : quant::q_mean ? 3 : 4;

enum class Job { none, keys, queries, delta };

// What a CTA does that needs the mean key.
struct RowTask {
  Job job = Job::none;
  Sequence keys = {}, rows = {};  // rows: those that are quantized
  int begin = 0, key_begin = 0;   // delta: the first row of the tile, and its first key
};

__device__ inline RowTask row_task(const KernelArguments& a, Share share) {
  RowTask task;
  const u32 sequences = static_cast<u32>(a.batch) * a.heads_kv;
  const int key_blocks = max_of(ceil_div(a.seqlen_kv, rows_of_cta), 1), query_blocks = ceil_div(a.seqlen_q, rows_of_cta);
  if (share.take(sequences * key_blocks)) {
    task.begin = share.next(key_blocks) * rows_of_cta;
    const int head = share.next(a.heads_kv);
    task.keys = task.rows = key_sequence(a, static_cast<int>(share.index), head);
    // What is one of a sequence is there for an empty one, too.
    if (task.begin < task.keys.length || task.begin == 0) task.job = Job::keys;
    return task;
  }
  if (share.take(static_cast<u32>(a.batch) * a.heads_q * query_blocks)) {
    task.begin = share.next(query_blocks) * rows_of_cta;
    const int head = share.next(a.heads_q), batch = static_cast<int>(share.index);
    task.rows = query_sequence(a, batch, head);
    task.keys = key_sequence(a, batch, head / spec::group);
    if (task.begin < task.rows.length || (by_tensor && task.begin == 0)) task.job = Job::queries;
    return task;
  }
  if constexpr (quant::q_mean) {
    const int row_tiles = delta_row_tiles(a), key_tiles = delta_key_tiles(a);
    if (share.take(sequences * row_tiles * key_tiles)) {
      task.begin = share.next(row_tiles) * DeltaTiles::rows;
      task.key_begin = share.next(key_tiles) * DeltaTiles::keys;
      const int head = share.next(a.heads_kv);
      task.keys = key_sequence(a, static_cast<int>(share.index), head);
      if (task.key_begin < task.keys.length) task.job = Job::delta;
    }
  }
  return task;
}

__device__ inline void run_row_task(const KernelArguments& a, Share share, QuantizeShared& shared) {
  const RowTask task = row_task(a, share);
  if (task.job == Job::none) return;
  if constexpr (quant::k_mean) {
    load_key_smoothing<quant::k_sink>(a, task.keys, shared.smoothing);
    __syncthreads();
  }
  if constexpr (quant::q_mean) {
    if (task.job == Job::delta) {
      delta_scores(a, task.keys, task.begin, task.key_begin, shared.smoothing, shared.delta);
      return;
    }
  }
  quantize_rows(a, task.job == Job::queries, task.rows, task.keys, task.begin, shared.smoothing, shared.rows);
}

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads, quantizer::ctas_of_sm)
    attune_quantize(const __grid_constant__ KernelArguments a) {
  using namespace quantizer;
  __shared__ QuantizeShared shared;
  Share share;
  if constexpr (quant::keeps_v) {
    constexpr int tokens_of_cta = ValueTiles::blocks * ValueTiles::tokens;
    const int parts = max_of(ceil_div(a.seqlen_kv, tokens_of_cta), 1);
    if (share.take(static_cast<u32>(a.batch) * a.heads_kv * parts)) {
      const int begin = share.next(parts) * tokens_of_cta, head = share.next(a.heads_kv);
      const Sequence s = key_sequence(a, static_cast<int>(share.index), head);
      if (begin < s.length || begin == 0) quantize_values(a, s, begin, shared.values);
      return;
    }
  }
  if constexpr (quantizes_rows) run_row_task(a, share, shared);
}
