// What the launches of a quantized plan share on a GPU: codes, scales and flags in one workspace, and where they lie.
// The quantizers write it, the attention kernel reads it; templates/quantized_arguments.cuh declares the same struct.
//
// Rows of Q and of K and V are kept by head, each sequence starting at a whole scale block: element e of the batch (0 when
// the rows are packed), head h, padded row r = start + row, where a packed sequence starts at
//     (cu_seqlens[b] / block + b) * block,  block: QuantizationTiles::block_q or block_kv,
// so that no two sequences share a block. Rows that pad a block are written too: codes 0.
//
//     q_codes    [e][Hq][q_rows][bytes of a row]         a row: head_dim_qk padded to 32 codes, int4: to 64, low half first
//     q_scales   [e][Hq][q_groups]                       q_scale_groups().of(padded row); granularity tensor: [B][Hq]
//     q_constants [e][Hq][q_rows]                        q . mean key, 0 without one; NaN: the row is poisoned
//     q_sink_scores [e][Hq][q_rows][max_sink_keys]       q . (sink key - mean key), k-sink
//     q_means    [e][Hq][q_rows / block_q][D_qk]         q-mean
//     delta_s    [e][Hq][q_rows / block_q][delta_stride] q-mean: mean of the block . smoothed key, by key of the sequence
//     k_codes    [e][Hkv][kv_rows][bytes of a row]
//     k_scales   [e][Hkv][k_groups]                      granularity tensor: [B][Hkv]
//     k_means    [B][Hkv][D_qk]                          k-mean, k-sink
//     sink_keys  [B][Hkv][max_sink_keys]                 keys of the sequence, ascending, then -1; k-sink
//     v_codes    [e][Hkv][kv_rows / block_kv][D_v][block_kv]  8-bit operands: transposed, token r of a block in place
//                                                        fp8_value_position(r); fp16 sums of 16-bit V: [kv_rows][D_v] fp16
//     v_scales   [B][Hkv][D_v], v_means [B][Hkv][D_v]    v_means: v-mean
//     k_poison, v_poison [e][Hkv][kv_rows / 32]          bit r % 32 of word r / 32: the row holds NaN or infinity
//     poison     [B][Hkv]                                whether any bit of either is set for the sequence
//     statistics                                         between the quantizers' own launches: templates/statistics.cuh
#pragma once

#include <cstdint>

#include "generator/families/gpu_arguments.hpp"
#include "generator/given_operands.hpp"
#include "generator/quantization_layout.hpp"

namespace attune {

struct QuantizedArguments {
  GpuArguments attention;
  void* q_codes = nullptr;
  float* q_scales = nullptr;
  float* q_constants = nullptr;
  float* q_sink_scores = nullptr;
  float* q_means = nullptr;
  float* delta_s = nullptr;
  void* k_codes = nullptr;
  float* k_scales = nullptr;
  float* k_means = nullptr;
  int32_t* sink_keys = nullptr;
  void* v_codes = nullptr;
  float* v_scales = nullptr;
  float* v_means = nullptr;
  uint32_t* k_poison = nullptr;
  uint32_t* v_poison = nullptr;
  uint32_t* poison = nullptr;
  float* statistics = nullptr;

  int64_t q_rows = 0, kv_rows = 0;     // of one head, padded
  int64_t q_groups = 0, k_groups = 0;  // scales of one head
  int64_t delta_stride = 0;            // keys of one row of delta_s
  int32_t chunks = 0, chunk_keys = 0;  // of the keys of a sequence, for `statistics`
};

// How the keys of one sequence are divided for `statistics`: enough parts to fill a GPU, few enough that whoever needs a
// mean can add them up again.
struct KeyChunks {
  int64_t count = 1, keys = 0;  // keys: of each but the last
};
KeyChunks key_chunks(const Problem& problem);

// Sizes and places of the buffers above for one problem. What a request does not need, or is given, has no bytes and a null
// pointer.
class QuantizedLayout {
 public:
  // `problem` passed validate(); `request` is its quantization, not `sage`.
  QuantizedLayout(const Problem& problem, const Quantization& request);

  int64_t bytes() const { return bytes_; }
  // Sets every field but `attention`; `workspace` is 64-byte aligned and has bytes().
  void bind(void* workspace, QuantizedArguments& arguments) const;

 private:
  int64_t add(int64_t bytes);  // the next place, aligned; -1 for none

  static constexpr int parts = 17;
  int64_t offsets_[parts];
  int64_t bytes_ = 0;
  int64_t delta_stride_ = 0;
  PaddedRows rows_;
  KeyChunks chunks_;
};

// Whether V takes part in the quantization: its codes, or its fp16 copy, are in the workspace.
bool keeps_v(const Quantization& request);
// Bytes of one row of codes of Q and K, 0 for `input`.
int64_t code_row_bytes(QkOperand operand, int64_t head_dim);

// Floats of `statistics`: what the quantizers' first launches leave for the last. 0 where none is needed.
int64_t statistics_floats(const Problem& problem, const Quantization& request);

}  // namespace attune
