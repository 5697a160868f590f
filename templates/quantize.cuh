// The last launch of the quantizers: codes, scales and all else that the attention kernel reads. The caller's tensors are
// read once here, and once before by the launches for statistics, where there are any.
#pragma once

#include "delta_scores.cuh"
#include "quantize_rows.cuh"
#include "quantize_values.cuh"

namespace quantizer {

// A CTA does one of four things.
union QuantizeShared {
  RowShared rows;
  ValueShared values;
  DeltaShared delta;
};

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads) attune_quantize(const __grid_constant__ KernelArguments a) {
  using namespace quantizer;
  __shared__ QuantizeShared shared;
  const i64 sequences = static_cast<i64>(a.batch) * a.heads_kv;
  Share share;
  if constexpr (quant::keeps_v) {
    const int parts = max_of(ceil_div(a.seqlen_kv, ValueTiles::blocks * ValueTiles::tokens), 1);
    if (share.take(sequences * parts)) return quantize_values(a, share.index, shared.values);
  }
  if constexpr (quantizes_rows) {
    const int key_blocks = max_of(ceil_div(a.seqlen_kv, rows_of_cta), 1), query_blocks = ceil_div(a.seqlen_q, rows_of_cta);
    if (share.take(sequences * key_blocks)) return quantize_keys(a, share.index, shared.rows);
    if (share.take(static_cast<i64>(a.batch) * a.heads_q * query_blocks)) {
      return quantize_queries(a, share.index, shared.rows);
    }
    if constexpr (quant::q_mean) {
      if (share.take(sequences * delta_row_tiles(a) * delta_key_tiles(a))) return delta_scores(a, share.index, shared.delta);
    }
  }
}
