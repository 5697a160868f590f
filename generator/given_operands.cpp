// Places of codes and scales.
#include "generator/given_operands.hpp"

#include <fmt/format.h>

#include <cassert>

#include "common/arithmetic.hpp"
#include "generator/quantization_layout.hpp"

namespace attune {
namespace {

// The first padded row of a sequence.
int64_t start(bool packed, int64_t b, int64_t first, int64_t block) { return packed ? (first / block + b) * block : 0; }

}  // namespace

PaddedRows::PaddedRows(const Problem& problem, Granularity granularity) : PaddedRows(problem, granularity, 0) {}

PaddedRows PaddedRows::of_given(const Problem& problem, Granularity granularity) {
  return {problem, granularity, problem.page_size};
}

PaddedRows::PaddedRows(const Problem& problem, Granularity granularity, int64_t page_size)
    : packed_q_(problem.varlen),
      packed_kv_(problem.varlen && !problem.paged()),
      page_size_(page_size),
      granularity_(granularity),
      heads_q_(problem.heads_q),
      heads_kv_(problem.heads_kv),
      head_dim_v_(problem.head_dim_v) {
  const QuantizationTiles tiles;
  const int64_t batch = problem.batch;
  q_heads = (packed_q_ ? 1 : batch) * heads_q_;
  kv_heads = (page_size_ > 0 ? problem.page_count : packed_kv_ ? 1 : batch) * heads_kv_;
  q_blocks = ceil_div(problem.seqlen_q, tiles.block_q);
  kv_blocks = ceil_div(page_size_ > 0 ? page_size_ : problem.seqlen_kv, tiles.block_kv);
  q_rows = (packed_q_ ? problem.total_q / tiles.block_q + batch : q_blocks) * tiles.block_q;
  kv_rows = (packed_kv_ ? problem.total_kv / tiles.block_kv + batch : kv_blocks) * tiles.block_kv;
  q_groups = q_scale_groups(granularity, tiles).count(q_rows);
  k_groups = k_scale_groups(granularity, tiles).count(kv_rows);
  const bool by_tensor = granularity == Granularity::tensor;
  q_scales = by_tensor ? batch * heads_q_ : q_heads * q_groups;
  k_scales = by_tensor ? batch * heads_kv_ : kv_heads * k_groups;
  v_codes = kv_heads * kv_rows * head_dim_v_;
}

int64_t PaddedRows::q_scale(int64_t b, int64_t h, int64_t first, int64_t row) const {
  if (granularity_ == Granularity::tensor) return b * heads_q_ + h;
  const QuantizationTiles tiles;
  const int64_t head = (packed_q_ ? 0 : b) * heads_q_ + h;
  return head * q_groups + q_scale_groups(granularity_, tiles).of(start(packed_q_, b, first, tiles.block_q) + row);
}

int64_t PaddedRows::kv_row(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t page) const {
  assert(page_size_ == 0 || page >= 0);
  if (page_size_ > 0) return (page * heads_kv_ + kv_head) * kv_rows + key % page_size_;
  const int64_t head = (packed_kv_ ? 0 : b) * heads_kv_ + kv_head;
  return head * kv_rows + start(packed_kv_, b, first, QuantizationTiles{}.block_kv) + key;
}

int64_t PaddedRows::k_scale(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t page) const {
  if (granularity_ == Granularity::tensor) return b * heads_kv_ + kv_head;
  // Heads are whole blocks of rows, so groups count on from head to head.
  return k_scale_groups(granularity_, {}).of(kv_row(b, kv_head, first, key, page));
}

int64_t PaddedRows::v_code(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t channel, int64_t page) const {
  const int64_t block = QuantizationTiles{}.block_kv, row = kv_row(b, kv_head, first, key, page);
  return row / block * block * head_dim_v_ + channel * block + fp8_value_position(row % block);
}

int64_t code_bits(QkOperand operand) {
  switch (operand) {
    case QkOperand::input: return 0;
    case QkOperand::int4: return 4;
    case QkOperand::int8:
    case QkOperand::e4m3: return 8;
  }
  return 0;
}

Quantization given_request(const Problem& problem) {
  if (problem.quantization.find("given-") == std::string::npos) return {};
  return parse_quantization(problem.quantization).value_or(Quantization{});
}

Result<void> validate_given(const Problem& problem, const Quantization& request, GivenPages pages) {
  if (request.given == Given::none) return {};
  if (problem.paged() && pages == GivenPages::refused) {
    return Error(Status::unsupported,
                 fmt::format("quantization {}: given codes are not paged, and page_size is {}. Gather them, or leave the "
                             "cache in {} and drop given; GPUs, called by the library, read pages of them.",
                             problem.quantization, problem.page_size, name(problem.dtype)));
  }
  const int64_t block = QuantizationTiles{}.block_kv;
  if (problem.page_size % block != 0) {
    return Error(Status::unsupported,
                 fmt::format("quantization {}: page_size is {}, and pages of given codes hold whole blocks of {} keys. Use "
                             "page_size {}, or leave the cache in {} and drop given.",
                             problem.quantization, problem.page_size, block, round_up(problem.page_size, block),
                             name(problem.dtype)));
  }
  // GPUs copy rows 16 bytes at a time, and what one kind of device takes the other takes, too.
  const int64_t row_bits = problem.head_dim_qk * code_bits(request.qk), whole = 128;
  if (request.given_qk() && row_bits % whole != 0) {
    return Error(Status::unsupported,
                 fmt::format("head_dim_qk {} makes rows of given codes that are no multiple of 16 bytes. Pad them with "
                             "zeros to {}, and give softmax_scale.",
                             problem.head_dim_qk, ceil_div(row_bits, whole) * whole / code_bits(request.qk)));
  }
  return {};
}

}  // namespace attune
