// The definition, one row at a time.
#include "tuner/reference_row.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "generator/dtype_codec.hpp"
#include "tuner/validate.hpp"

namespace attune::tuner {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr size_t lanes = 8;  // partial sums: vector code without reassociating what the definition says

void decode(DType dtype, const void* source, std::vector<float>& row) {
  const auto count = static_cast<int64_t>(row.size());
  if (dtype == DType::f32) {
    std::memcpy(row.data(), source, row.size() * sizeof(float));
  } else if (dtype == DType::f16) {
    const auto* bits = static_cast<const uint16_t*>(source);
    for (int64_t d = 0; d < count; ++d) row[static_cast<size_t>(d)] = fp16_to_float(bits[d]);
  } else {
    const auto* bits = static_cast<const uint16_t*>(source);
    for (int64_t d = 0; d < count; ++d) row[static_cast<size_t>(d)] = bf16_to_float(bits[d]);
  }
}

template <class Real>
Real sum(const std::array<Real, lanes>& parts) {
  return ((parts[0] + parts[4]) + (parts[1] + parts[5])) + ((parts[2] + parts[6]) + (parts[3] + parts[7]));
}

struct Dot {
  double value = 0, magnitude = 0;
};

Dot dot(const std::vector<float>& a, const std::vector<float>& b) {
  std::array<double, lanes> value{}, magnitude{};
  const size_t whole = a.size() / lanes * lanes;
  for (size_t d = 0; d < whole; d += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      const double product = static_cast<double>(a[d + lane]) * static_cast<double>(b[d + lane]);
      value[lane] += product;
      magnitude[lane] += std::fabs(product);
    }
  }
  for (size_t d = whole; d < a.size(); ++d) {
    const double product = static_cast<double>(a[d]) * static_cast<double>(b[d]);
    value[d - whole] += product;
    magnitude[d - whole] += std::fabs(product);
  }
  return {sum(value), sum(magnitude)};
}

float plain_dot(const std::vector<float>& a, const std::vector<float>& b) {
  std::array<float, lanes> parts{};
  const size_t whole = a.size() / lanes * lanes;
  for (size_t d = 0; d < whole; d += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) parts[lane] += a[d + lane] * b[d + lane];
  }
  for (size_t d = whole; d < a.size(); ++d) parts[d - whole] += a[d] * b[d];
  return sum(parts);
}

}  // namespace

Lengths lengths_of(const Problem& problem, const Tensors& tensors, int64_t b) {
  Lengths lengths{problem.seqlen_q, problem.seqlen_kv, 0, 0};
  if (problem.varlen) {
    lengths.first_q = tensors.cu_seqlens_q[b];
    lengths.q = tensors.cu_seqlens_q[b + 1] - lengths.first_q;
  }
  if (problem.varlen && !problem.paged()) {
    lengths.first_kv = tensors.cu_seqlens_kv[b];
    lengths.kv = tensors.cu_seqlens_kv[b + 1] - lengths.first_kv;
  }
  if (problem.kv_lengths) lengths.kv = std::clamp<int64_t>(tensors.kv_lengths[b], 0, lengths.kv);
  return lengths;
}

const void* ReferenceRow::query_row() const {
  const TensorView& q = tensors_.q;
  const int64_t element =
      (problem_.varlen ? 0 : b_ * q.stride_batch) + h_ * q.stride_head + (lengths_.first_q + i_) * q.stride_seq;
  return static_cast<const char*>(q.data) + element * size_bytes(problem_.dtype);
}

const void* ReferenceRow::key_row(const TensorView& view, int64_t key) const {
  int64_t element = (h_ / problem_.group()) * view.stride_head;
  if (problem_.paged()) {
    const int64_t page = tensors_.page_table[b_ * tensors_.page_table_stride + key / problem_.page_size];
    element += page * view.stride_batch + key % problem_.page_size * view.stride_seq;
  } else {
    element += (problem_.varlen ? 0 : b_ * view.stride_batch) + (lengths_.first_kv + key) * view.stride_seq;
  }
  return static_cast<const char*>(view.data) + element * size_bytes(problem_.dtype);
}

bool ReferenceRow::visible(int64_t key) const {
  if (problem_.causal && key > position_) return false;
  if (problem_.window_left >= 0 && key < position_ - problem_.window_left) return false;
  return problem_.window_right < 0 || key <= position_ + problem_.window_right;
}

double ReferenceRow::mask_bias(int64_t key) const {
  const MaskRequest& mask = problem_.mask;
  if (mask.kind == MaskKind::none) return 0;
  if (mask.seqlen_kv != 1 && key >= mask.seqlen_kv) return -infinity;
  const MaskView& view = tensors_.mask;
  const int64_t element = (mask.batch == 1 ? 0 : b_ * view.stride_batch) + (mask.heads == 1 ? 0 : h_ * view.stride_head) +
                          (mask.seqlen_q == 1 ? 0 : i_ * view.stride_q) + (mask.seqlen_kv == 1 ? 0 : key * view.stride_kv);
  if (mask.kind == MaskKind::boolean) return static_cast<const uint8_t*>(view.data)[element] != 0 ? 0 : -infinity;
  return static_cast<double>(load_float(mask.dtype, view.data, element));
}

void ReferenceRow::collect_from_lists(int64_t b, int64_t h, int64_t i, int64_t kv_length, bool full_lists) {
  const SparsityRequest& s = problem_.sparsity;
  const int64_t query_blocks = (problem_.seqlen_q + s.block_q - 1) / s.block_q;
  const int64_t list_head = s.heads == problem_.heads_q ? h : s.heads == 1 ? 0 : h / problem_.group();
  const int64_t list = ((s.batch == 1 ? 0 : b) * s.heads + list_head) * query_blocks + i / s.block_q;
  const BlockLists& lists = tensors_.lists;
  const int32_t* blocks = full_lists ? lists.full_indices : lists.partial_indices;
  int64_t count = 0;
  if (s.kind == SparsityKind::padded_lists) {
    count = (full_lists ? lists.full_counts : lists.partial_counts)[list];
    blocks += list * s.max_blocks;
  } else {
    // CSR rows have query_blocks + 1 pointers for each (batch, head).
    const int64_t* ends = (full_lists ? lists.full_row_ptr : lists.partial_row_ptr) + list + list / query_blocks;
    count = ends[1] - ends[0];
    blocks += ends[0];
  }
  for (int64_t n = 0; n < count; ++n) {
    const int64_t begin = int64_t{blocks[n]} * s.block_kv;
    const int64_t end = std::min(begin + s.block_kv, kv_length);
    for (int64_t key = begin; key < end; ++key) {
      if (full_lists || visible(key)) keys_.push_back({key, full_lists});
    }
  }
}

void ReferenceRow::collect_keys(int64_t b, int64_t h, int64_t i, const Lengths& lengths) {
  keys_.clear();
  if (problem_.sparsity.kind == SparsityKind::none) {
    for (int64_t key = 0; key < lengths.kv; ++key) {
      if (visible(key)) keys_.push_back({key, false});
    }
    return;
  }
  if (problem_.sparsity.full) collect_from_lists(b, h, i, lengths.kv, true);
  if (problem_.sparsity.partial) collect_from_lists(b, h, i, lengths.kv, false);
}

void ReferenceRow::locate(int64_t b, int64_t h, int64_t i) {
  b_ = b;
  h_ = h;
  i_ = i;
  lengths_ = lengths_of(problem_, tensors_, b);
  position_ = i + (problem_.alignment == Alignment::bottom_right ? lengths_.kv - lengths_.q : 0);
  collect_keys(b, h, i, lengths_);
}

void ReferenceRow::biases(int64_t b, int64_t h, int64_t i, std::vector<float>& out) {
  locate(b, h, i);
  out.assign(static_cast<size_t>(lengths_.kv), -std::numeric_limits<float>::infinity());
  const double slope = problem_.alibi ? static_cast<double>(tensors_.alibi_slopes[b * tensors_.alibi_stride_batch + h]) : 0;
  for (const Key key : keys_) {
    const double masked = key.in_full_block ? 0 : mask_bias(key.index);
    const double distance = slope * static_cast<double>(std::abs(position_ - key.index));
    out[static_cast<size_t>(key.index)] = static_cast<float>(masked - distance);
  }
}

void ReferenceRow::compute(int64_t b, int64_t h, int64_t i) {
  locate(b, h, i);
  const auto d_qk = static_cast<size_t>(problem_.head_dim_qk), d_v = static_cast<size_t>(problem_.head_dim_v);
  q_.resize(d_qk);
  row_.resize(d_qk);
  decode(problem_.dtype, query_row(), q_);

  // Order fixed by the problem: scale, softcap, biases (ALiBi, additive mask), masks.
  const auto scale = static_cast<double>(problem_.scale()), cap = static_cast<double>(problem_.softcap);
  const double slope = problem_.alibi ? static_cast<double>(tensors_.alibi_slopes[b * tensors_.alibi_stride_batch + h]) : 0;
  scores_.clear();
  magnitudes_.clear();
  bias_.clear();
  size_t kept = 0;
  for (const Key key : keys_) {
    const double masked = key.in_full_block ? 0 : mask_bias(key.index);
    if (masked == -infinity) continue;
    decode(problem_.dtype, key_row(tensors_.k, key.index), row_);
    const Dot product = dot(q_, row_);
    double score = scale * product.value, magnitude = std::fabs(scale) * product.magnitude;
    if (cap > 0) score = cap * std::tanh(score / cap);
    const double distance = slope * static_cast<double>(std::abs(position_ - key.index));
    score += masked - distance;
    magnitude += std::fabs(masked) + std::fabs(distance);
    if (score == -infinity) continue;
    keys_[kept++] = key;
    scores_.push_back(score);
    magnitudes_.push_back(magnitude);
    bias_.push_back(masked - distance);
  }
  keys_.resize(kept);

  output_.assign(d_v, 0);
  mass_.assign(d_v, 0);
  sensitivity_.assign(d_v, 0);
  noise_.assign(d_v, 0);
  lse_ = -infinity;
  lse_sensitivity_ = 0;
  if (keys_.empty()) return;  // O = 0 and LSE = -inf, with a sink too: it adds mass, not a key

  double largest = *std::max_element(scores_.begin(), scores_.end());
  if (problem_.sinks) largest = std::max(largest, static_cast<double>(tensors_.sinks[h]));
  double denominator = problem_.sinks ? std::exp(static_cast<double>(tensors_.sinks[h]) - largest) : 0;
  for (const double score : scores_) denominator += std::exp(score - largest);
  lse_ = largest + std::log(denominator);

  row_.resize(d_v);
  for (size_t n = 0; n < keys_.size(); ++n) {
    const double p = std::exp(scores_[n] - largest) / denominator;
    const double weight = p * magnitudes_[n];
    lse_sensitivity_ += weight;
    decode(problem_.dtype, key_row(tensors_.v, keys_[n].index), row_);
    for (size_t d = 0; d < d_v; ++d) {
      const auto value = static_cast<double>(row_[d]);
      output_[d] += p * value;
      mass_[d] += p * std::fabs(value);
      sensitivity_[d] += weight * std::fabs(value);
      noise_[d] += p * value * p * value;
    }
  }
  for (size_t d = 0; d < d_v; ++d) {
    sensitivity_[d] += lse_sensitivity_ * std::fabs(output_[d]);
    noise_[d] = std::sqrt(noise_[d]);
  }
}

void ReferenceRow::compute_plain() {
  const DType dtype = problem_.dtype;
  const auto d_qk = static_cast<size_t>(problem_.head_dim_qk), d_v = static_cast<size_t>(problem_.head_dim_v);
  plain_.assign(d_v, 0);
  if (keys_.empty()) return;
  const float scale = problem_.scale(), cap = problem_.softcap;

  std::vector<float> scaled = q_;
  for (float& value : scaled) value = round_to(dtype, value * scale);
  plain_scores_.resize(keys_.size());
  row_.resize(d_qk);
  float largest = problem_.sinks ? tensors_.sinks[h_] : -std::numeric_limits<float>::infinity();
  for (size_t n = 0; n < keys_.size(); ++n) {
    decode(dtype, key_row(tensors_.k, keys_[n].index), row_);
    float score = round_to(dtype, plain_dot(scaled, row_));
    if (cap > 0) score = round_to(dtype, cap * std::tanh(score / cap));
    if (bias_[n] != 0) score = round_to(dtype, score + static_cast<float>(bias_[n]));
    plain_scores_[n] = score;
    largest = std::max(largest, score);
  }
  float denominator = problem_.sinks ? std::exp(tensors_.sinks[h_] - largest) : 0;
  for (float& score : plain_scores_) {
    score = std::exp(score - largest);
    denominator += score;
  }
  row_.resize(d_v);
  for (size_t n = 0; n < keys_.size(); ++n) {
    const float p = round_to(dtype, plain_scores_[n] / denominator);
    decode(dtype, key_row(tensors_.v, keys_[n].index), row_);
    for (size_t d = 0; d < d_v; ++d) plain_[d] += p * row_[d];
  }
  for (float& value : plain_) value = round_to(dtype, value);
}

void reference_row(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h, int64_t i, double* o_row,
                   double* lse) {
  ReferenceRow row(problem, tensors);
  row.compute(b, h, i);
  std::copy(row.output().begin(), row.output().end(), o_row);
  *lse = row.lse();
}

}  // namespace attune::tuner
