// Attention of one row in double, straight from the definition, with what the tolerances need to know about it.
#pragma once

#include <cstdint>
#include <vector>

#include "generator/problem.hpp"
#include "generator/tensors.hpp"

namespace attune::tuner {

// Lengths of a batch element. varlen: from cu_seqlens (paged keys: seqlen_kv); kv_lengths shortens the keys further.
struct Lengths {
  int64_t q = 0, kv = 0;
  int64_t first_q = 0, first_kv = 0;  // rows of the packed tensors at which the element starts; 0 unless varlen
};
Lengths lengths_of(const Problem& problem, const Tensors& tensors, int64_t b);

// One row at a time; keeps its buffers, so that checking many rows allocates once. Not thread-safe: one per thread.
class ReferenceRow {
 public:
  ReferenceRow(const Problem& problem, const Tensors& tensors) : problem_(problem), tensors_(tensors) {}

  // Row (b, h, i), i counted within the batch element and below its length. O(seqlen_kv * head_dim).
  void compute(int64_t b, int64_t h, int64_t i);
  // The same row as plain code in the problem's own dtype computes it: each operator rounds its result, sums are fp32.
  // Requires compute() of the same row.
  void compute_plain();

  // Bias of every key below the length for row (b, h, i): what masks and ALiBi add to its score, -inf where it is hidden.
  void biases(int64_t b, int64_t h, int64_t i, std::vector<float>& out);

  int64_t visible_keys() const { return static_cast<int64_t>(keys_.size()); }
  const std::vector<double>& output() const { return output_; }  // head_dim_v values
  double lse() const { return lse_; }                            // natural log, sink included; -inf for an empty row
  const std::vector<float>& plain() const { return plain_; }

  // First-order bounds of what rounding can do to each output element:
  const std::vector<double>& mass() const { return mass_; }                // sum_j P_j |V_j|
  const std::vector<double>& sensitivity() const { return sensitivity_; }  // sum_j P_j |s|_j (|V_j| + |O|)
  const std::vector<double>& noise() const { return noise_; }              // sqrt(sum_j (P_j V_j)^2)
  double lse_sensitivity() const { return lse_sensitivity_; }              // sum_j P_j |s|_j
  // |s|_j is the magnitude that entered the score of key j: |scale| * sum_d |q_d k_d|, plus the biases.

 private:
  struct Key {
    int64_t index;
    bool in_full_block;  // skips every mask
  };
  void locate(int64_t b, int64_t h, int64_t i);  // and collects its keys
  void collect_keys(int64_t b, int64_t h, int64_t i, const Lengths& lengths);
  void collect_from_lists(int64_t b, int64_t h, int64_t i, int64_t kv_length, bool full_lists);
  bool visible(int64_t key) const;
  double mask_bias(int64_t key) const;  // -inf where masked
  const void* query_row() const;
  const void* key_row(const TensorView& view, int64_t key) const;  // of K or V; key counts within the batch element

  const Problem& problem_;
  const Tensors& tensors_;

  int64_t b_ = 0, h_ = 0, i_ = 0, position_ = 0;
  Lengths lengths_;
  std::vector<Key> keys_;
  std::vector<double> scores_, magnitudes_, bias_;
  std::vector<float> q_, row_, plain_scores_, plain_;
  std::vector<double> output_, mass_, sensitivity_, noise_;
  double lse_ = 0, lse_sensitivity_ = 0;
};

}  // namespace attune::tuner
