// NaN and infinity behind codes. A code cannot say that its element was not finite: the quantizers leave 0, and a bit for the
// row of K or V. Rows of Q that see a flagged key end as NaN, and those that see a flagged row of V in the channels where it
// is not finite; no other row feels it. (A row of Q has NaN as its constant.) One flag a head tells whether there is any bit.
#pragma once

#include "kernel_arguments.cuh"
#include "padded_rows.cuh"

class CodePoison {
 public:
  static constexpr bool of_keys = quant::qk != quant::Qk::input && !quant::given_qk;
  static constexpr bool of_values = quant::keeps_v && !quant::given_v;
  static constexpr bool has_values = !quant::given_v;  // V itself; codes that are given are finite

  __device__ CodePoison(const KernelArguments& a, const Work& w) : a_(a), w_(w) {}

  __device__ bool any() const {
    return quant::scales == quant::Scales::safe && a_.poison[w_.batch * a_.heads_kv + w_.kv_head] != 0;
  }
  // Whether the row of K, or of V, holds any.
  __device__ bool key(int key) const { return of_keys && flag(a_.k_poison, key); }
  __device__ bool value(int key) const { return of_values && flag(a_.v_poison, key); }

 private:
  __device__ bool flag(const u32* words, int key) const {
    const i64 row = padded_key_row(a_, w_, key);
    return (words[row / 32] >> (row % 32) & 1) != 0;
  }

  const KernelArguments& a_;
  const Work& w_;
};
