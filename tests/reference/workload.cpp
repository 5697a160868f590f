// Laying out, filling and guarding the tensors of a problem.
#include "tests/reference/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "common/hash.hpp"
#include "generator/dtype_codec.hpp"
#include "generator/given_operands.hpp"
#include "tuner/quantized/given.hpp"

namespace attune::test {

namespace {

constexpr uint8_t nan_fill = 0xff;  // NaN in fp32, fp16 and bf16: what is read by mistake, or never written, shows

std::string_view bytes_of(const GuardedBuffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

}  // namespace

std::string_view name(Values values) {
  constexpr std::array<std::string_view, 6> names{"normal", "fa3", "llm", "dit", "large", "constant"};
  return names[static_cast<size_t>(values)];
}

std::string_view name(Strides strides) {
  constexpr std::array<std::string_view, 4> names{"contiguous", "shuffled", "packed_qkv", "expanded_kv"};
  return names[static_cast<size_t>(strides)];
}

std::string WorkloadOptions::to_json() const {
  return fmt::format(R"({{"seed":{},"values":"{}","strides":"{}","poison":{},"finite_min":{}}})", seed, name(values),
                     name(strides), poison, finite_min);
}

Workload::Workload(const Problem& problem, const WorkloadOptions& options)
    : problem_(problem), options_(options), generator_(options.seed) {
  const Problem& p = problem_;
  const Extents q = query_side(p.head_dim_qk), k = key_side(p.head_dim_qk), v = key_side(p.head_dim_v);
  make_lengths();
  if (p.paged()) make_pages();
  const bool same_rows = !p.paged() && q.rows == k.rows && p.head_dim_qk == p.head_dim_v;
  if (options.strides == Strides::packed_qkv && same_rows) {
    lay_out_packed_qkv();
  } else {
    const Strides strides = options.strides == Strides::packed_qkv ? Strides::shuffled : options.strides;
    const Strides query_strides = strides == Strides::expanded_kv ? Strides::contiguous : strides;
    tensors_.q = lay_out("Q", q, query_strides, false);
    tensors_.k = lay_out("K", k, strides, false);
    tensors_.v = lay_out("V", v, strides, false);
  }
  const Strides output_strides = options.strides == Strides::shuffled ? Strides::shuffled : Strides::contiguous;
  tensors_.o = lay_out("O", query_side(p.head_dim_v), output_strides, true);
  if (p.want_lse) lay_out_lse();
  fill(tensors_.q, q, 'q');
  fill(tensors_.k, k, 'k');
  fill(tensors_.v, v, 'v');
  if (p.sinks) {
    std::vector<float> sinks(static_cast<size_t>(p.heads_q));
    for (float& sink : sinks) sink = chance(0.1) ? -std::numeric_limits<float>::infinity() : 3 * normal();
    tensors_.sinks = array("sinks", sinks);
  }
  if (p.alibi) {
    const bool per_batch = chance(0.5);
    std::vector<float> slopes(static_cast<size_t>(p.heads_q * (per_batch ? p.batch : 1)));
    for (float& slope : slopes) slope = std::exp2(-static_cast<float>(uniform(1, 8)));
    tensors_.alibi_slopes = array("alibi_slopes", slopes);
    tensors_.alibi_stride_batch = per_batch ? p.heads_q : 0;
  }
  if (p.mask.kind != MaskKind::none && p.seqlen_kv > 0) make_mask();
  if (p.sparsity.kind != SparsityKind::none) make_lists();
  if (p.paged()) {
    hide_unused_pages();
  } else {
    hide_keys_beyond_lengths();
  }
  if (options.poison) poison_some_keys();
  if (given_request(p).given != Given::none) give_codes();
  seal();
}

// Rows of codes with a gap of 16 bytes of 0xff behind each, as a slice of wider rows has them.
void Workload::give_codes() {
  const Quantization request = given_request(problem_);
  const auto codes = tuner::quantized::encode_given(problem_, tensors_);
  Tensors laid_out;
  set_contiguous_strides(problem_, laid_out);
  const auto spaced = [&](std::string what, const std::vector<uint8_t>& packed, const TensorView& contiguous) {
    const auto row = static_cast<size_t>(problem_.head_dim_qk * code_bits(request.qk) / 8), gap = size_t{16};
    std::vector<uint8_t> rows(packed.size() / row * (row + gap), 0xff);
    for (size_t n = 0; n < packed.size() / row; ++n) std::memcpy(&rows[n * (row + gap)], &packed[n * row], row);
    TensorView view = contiguous;
    for (int64_t* stride : {&view.stride_batch, &view.stride_head, &view.stride_seq}) {
      *stride = *stride / problem_.head_dim_qk * static_cast<int64_t>(row + gap) * 8 / code_bits(request.qk);
    }
    view.data = array(std::move(what), rows);
    return view;
  };
  if (request.given_qk()) {
    tensors_.q = spaced("codes of Q", codes.q, laid_out.q);
    tensors_.k = spaced("codes of K", codes.k, laid_out.k);
    tensors_.q_scales = array("q_scales", codes.q_scales);
    tensors_.k_scales = array("k_scales", codes.k_scales);
  }
  if (request.given_v()) {
    tensors_.v = {array("codes of V", codes.v), 0, 0, 0};
    tensors_.v_scales = array("v_scales", codes.v_scales);
  }
}

int64_t Workload::uniform(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(generator_() % static_cast<uint64_t>(high - low + 1));
}

bool Workload::chance(double probability) { return static_cast<double>(generator_() >> 11) * 0x1p-53 < probability; }

float Workload::normal() {
  // Sum of four 16-bit uniforms: standard deviation 1, tails to 3.46; what a test of arithmetic needs, at 2 ns a number.
  const uint64_t word = generator_();
  const auto sum = static_cast<float>((word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48));
  return (sum - 131070.0F) * (1.7320508F / 65536.0F);
}

template <class T>
T* Workload::array(std::string what, const std::vector<T>& values) {
  GuardedBuffer buffer(values.size() * sizeof(T), nan_fill);
  if (!values.empty()) std::memcpy(buffer.data(), values.data(), buffer.size());
  inputs_.push_back({std::move(buffer), std::move(what), 0});
  return reinterpret_cast<T*>(inputs_.back().buffer.data());
}

Workload::Extents Workload::query_side(int64_t columns) const {
  return {problem_.q_elements(), problem_.heads_q, problem_.q_rows(), columns};
}

Workload::Extents Workload::key_side(int64_t columns) const {
  return {problem_.kv_elements(), problem_.heads_kv, problem_.kv_rows(), columns};
}

TensorView Workload::lay_out(std::string what, const Extents& of, Strides strides, bool output) {
  const DType dtype = problem_.dtype;
  const int64_t columns = of.columns;
  // Dimensions in memory order, outermost first: 0 batch (or page), 1 head, 2 sequence.
  const std::array<int64_t, 3> extents{of.elements, of.heads, of.rows};
  std::array<size_t, 3> order =
      problem_.layout == Layout::bhsd ? std::array<size_t, 3>{0, 1, 2} : std::array<size_t, 3>{0, 2, 1};
  std::array<int64_t, 3> stride{};
  const bool shuffled = strides == Strides::shuffled;
  if (shuffled) std::shuffle(order.begin(), order.end(), generator_);
  int64_t span = columns + (shuffled ? uniform(0, 9) : 0), first = 0;
  for (size_t n = 3; n-- > 0;) {
    const size_t dimension = order[n];
    const bool expanded = strides == Strides::expanded_kv && dimension < 2 && (dimension == 1 || problem_.batch % 2 == 0);
    if (expanded) continue;  // stride 0
    stride[dimension] = span;
    span = span * std::max<int64_t>(extents[dimension], 1) + (shuffled ? uniform(0, 9) : 0);
    if (shuffled && chance(0.1) && extents[dimension] > 1) {
      first += stride[dimension] * (extents[dimension] - 1);
      stride[dimension] = -stride[dimension];
    }
  }
  // The last element ends the buffer, so trailing gaps are cut off: the guard page follows at once.
  int64_t last = first + columns;
  for (size_t dimension = 0; dimension < 3; ++dimension) {
    if (stride[dimension] > 0) last += stride[dimension] * (std::max<int64_t>(extents[dimension], 1) - 1);
    if (shuffled && extents[dimension] == 1) {
      stride[dimension] = chance(0.5) ? uniform(-(int64_t{1} << 50), int64_t{1} << 50) : 0;
    }
  }
  const bool empty = extents[0] * extents[1] * extents[2] == 0;
  GuardedBuffer buffer(empty ? 0 : static_cast<size_t>(last * size_bytes(dtype)), nan_fill);
  const bool pool = problem_.paged() && what != "Q" && what != "O", packed = problem_.varlen && !pool;
  TensorView view{buffer.data() + (empty ? 0 : first * size_bytes(dtype)), packed ? 0 : stride[0], stride[1], stride[2]};
  if (output) {
    o_ = std::move(buffer);
  } else {
    inputs_.push_back({std::move(buffer), std::move(what), 0});
  }
  return view;
}

void Workload::lay_out_packed_qkv() {
  const Problem& p = problem_;
  const int64_t d = p.head_dim_qk, rows = p.varlen ? p.total_q : p.seqlen_q, batch = p.varlen ? 1 : p.batch;
  const int64_t token = (p.heads_q + 2 * p.heads_kv) * d;
  inputs_.push_back(
      {GuardedBuffer(static_cast<size_t>(batch * rows * token * size_bytes(p.dtype)), nan_fill), "packed QKV", 0});
  std::byte* data = inputs_.back().buffer.data();
  const auto view = [&](int64_t head) {
    return TensorView{data + head * d * size_bytes(p.dtype), p.varlen ? 0 : rows * token, d, token};
  };
  tensors_.q = view(0);
  tensors_.k = view(p.heads_q);
  tensors_.v = view(p.heads_q + p.heads_kv);
}

void Workload::lay_out_lse() {
  const Problem& p = problem_;
  const int64_t rows = p.varlen ? p.total_q : p.seqlen_q, gap = options_.strides == Strides::shuffled ? uniform(0, 5) : 0;
  const int64_t head = rows + gap, batch = p.varlen ? 0 : p.heads_q * head + gap;
  const int64_t count = (p.varlen ? 0 : (p.batch - 1) * batch) + (p.heads_q - 1) * head + rows;
  lse_ = GuardedBuffer(static_cast<size_t>(count) * sizeof(float), nan_fill);
  tensors_.lse = reinterpret_cast<float*>(lse_.data());
  tensors_.lse_stride_batch = batch;
  tensors_.lse_stride_head = head;
}

void Workload::make_lengths() {
  const Problem& p = problem_;
  if (p.kv_lengths) {
    std::vector<int32_t> lengths(static_cast<size_t>(p.batch));
    for (int32_t& length : lengths) {
      const int64_t kind = uniform(0, 9);
      length = static_cast<int32_t>(kind == 0 ? 0 : kind < 3 ? p.seqlen_kv : uniform(0, p.seqlen_kv));
    }
    tensors_.kv_lengths = array("kv_lengths", lengths);
  }
  if (!p.varlen) return;
  const auto partition = [&](int64_t total, int64_t longest) {
    std::vector<int32_t> ends{0};
    for (int64_t b = 0; b < p.batch; ++b) {
      const int64_t left = total - ends.back();
      const int64_t least = std::max<int64_t>(0, left - (p.batch - 1 - b) * longest), most = std::min(left, longest);
      const int64_t length = least == 0 && chance(0.1) ? 0 : uniform(least, most);
      ends.push_back(static_cast<int32_t>(ends.back() + length));
    }
    return ends;
  };
  tensors_.cu_seqlens_q = array("cu_seqlens_q", partition(p.total_q, p.seqlen_q));
  if (!p.paged()) tensors_.cu_seqlens_kv = array("cu_seqlens_kv", partition(p.total_kv, p.seqlen_kv));
}

// Pages in random order, dealt out until none is left and then again: sequences share pages when the pool is small.
void Workload::make_pages() {
  const Problem& p = problem_;
  std::vector<int32_t> order(static_cast<size_t>(p.page_count));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), generator_);
  const int64_t entries = p.pages_per_sequence(), stride = entries + uniform(0, 3);
  std::vector<int32_t> table(static_cast<size_t>(stride * (p.batch - 1) + entries));
  // What stands behind a sequence's last page is no page.
  for (int32_t& page : table) page = chance(0.5) ? std::numeric_limits<int32_t>::min() : 0x7ffffffe;
  size_t next = 0;
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t keys = p.kv_lengths ? tensors_.kv_lengths[b] : p.seqlen_kv;
    for (int64_t n = 0; n < (keys + p.page_size - 1) / p.page_size; ++n) {
      table[static_cast<size_t>(b * stride + n)] = order[next++ % order.size()];
    }
  }
  tensors_.page_table = array("page_table", table);
  tensors_.page_table_stride = stride;
}

void Workload::fill(const TensorView& view, const Extents& extents, char which) {
  const int64_t columns = extents.columns, rows = extents.rows;
  const bool key = which == 'k', query = which == 'q', value = which == 'v';
  const Values values = options_.values;
  std::vector<float> bias(static_cast<size_t>(columns)), spread(static_cast<size_t>(columns), 1.0F);
  for (int64_t b = 0; b < extents.elements; ++b) {
    for (int64_t h = 0; h < extents.heads; ++h) {
      std::fill(bias.begin(), bias.end(), 0.0F);
      std::fill(spread.begin(), spread.end(), values == Values::large ? (value ? 1.0F : 6.0F) : 1.0F);
      if (values == Values::llm) {
        for (size_t d = 0; d < bias.size(); ++d) {
          bias[d] = value ? 0.1F * normal() : 0.5F * normal();
          spread[d] = value ? 0.35F : 0.7F * std::exp(0.4F * normal());
        }
        // Outlier channels sit at the end of each rotary half; Q carries them with the opposite sign.
        if (!value) {
          for (const int64_t channel : {columns / 2 - columns / 8 - 1, columns - columns / 8 - 1}) {
            if (channel >= 0)
              bias[static_cast<size_t>(channel)] = (query ? -0.5F : 1.0F) * static_cast<float>(uniform(5, 12));
          }
        }
      }
      if (values == Values::dit) {
        for (size_t d = 0; d < bias.size(); ++d) {
          bias[d] = value ? 0.4F * normal() : normal();
          spread[d] = value ? 0.5F : 0.7F;
        }
        for (int64_t n = 0; n < std::max<int64_t>(1, columns / 32); ++n) {
          const auto channel = static_cast<size_t>(uniform(0, columns - 1));
          if (value) bias[channel] = chance(0.5) ? 8.5F : -8.5F;
          if (key && n < 2) bias[channel] = chance(0.5) ? 12.0F : -12.0F;
        }
      }
      for (int64_t row = 0; row < rows; ++row) {
        const float shrink = values == Values::llm && row == 0 && !query ? 0.2F : 1.0F;
        const int64_t start = b * view.stride_batch + h * view.stride_head + row * view.stride_seq;
        for (int64_t d = 0; d < columns; ++d) {
          const auto n = static_cast<size_t>(d);
          float x = values == Values::constant && !value ? 0.5F : bias[n] + spread[n] * normal();
          if (values == Values::fa3 && (generator_() & 1023) == 0) x += 10 * normal();
          store_float(problem_.dtype, view.data, start + d, x * shrink);
        }
      }
    }
  }
}

void Workload::make_mask() {
  const MaskRequest& m = problem_.mask;
  MaskView& view = tensors_.mask;
  const bool gaps = options_.strides == Strides::shuffled, column = m.seqlen_kv == 1;
  view.stride_kv = column && problem_.seqlen_kv > 1 ? 0 : 1;
  int64_t span = m.seqlen_kv + (gaps ? uniform(0, 9) : 0);
  const auto take = [&](int64_t extent) {
    if (extent == 1) return int64_t{0};
    const int64_t stride = span;
    span = span * extent + (gaps ? uniform(0, 9) : 0);
    return stride;
  };
  view.stride_q = take(m.seqlen_q);
  view.stride_head = take(m.heads);
  view.stride_batch = take(m.batch);
  const int64_t count =
      (m.batch - 1) * view.stride_batch + (m.heads - 1) * view.stride_head + (m.seqlen_q - 1) * view.stride_q + m.seqlen_kv;
  const int64_t width = size_bytes(m.dtype);
  GuardedBuffer buffer(static_cast<size_t>(count * width), nan_fill);
  const double kept = std::array{0.03, 0.5, 0.9, 1.0}[static_cast<size_t>(uniform(0, 3))];
  const float lowest = m.dtype == DType::f16 ? -65504.0F : -3.3e38F;
  const float hidden = options_.finite_min ? lowest : -std::numeric_limits<float>::infinity();
  for (int64_t b = 0; b < m.batch; ++b) {
    for (int64_t h = 0; h < m.heads; ++h) {
      for (int64_t i = 0; i < m.seqlen_q; ++i) {
        for (int64_t j = 0; j < m.seqlen_kv; ++j) {
          const int64_t at = b * view.stride_batch + h * view.stride_head + i * view.stride_q + j;
          const bool keep = chance(kept);
          if (m.kind == MaskKind::boolean) {
            buffer.data()[at] = static_cast<std::byte>(keep ? uniform(1, 255) : 0);
          } else {
            store_float(m.dtype, buffer.data(), at, keep ? 2 * normal() : hidden);
          }
        }
      }
    }
  }
  inputs_.push_back({std::move(buffer), "mask", 0});
  view.data = inputs_.back().buffer.data();
}

void Workload::make_lists() {
  const SparsityRequest& s = problem_.sparsity;
  const int64_t query_blocks = (problem_.seqlen_q + s.block_q - 1) / s.block_q;
  const int64_t kv_blocks = (problem_.seqlen_kv + s.block_kv - 1) / s.block_kv;
  std::vector<int32_t> counts[2], indices[2];
  std::vector<int64_t> row_ptr[2];
  std::vector<int32_t> blocks(static_cast<size_t>(kv_blocks));
  const double density = std::array{0.1, 0.4, 1.0}[static_cast<size_t>(uniform(0, 2))];
  for (int64_t list = 0; list < s.batch * s.heads * query_blocks; ++list) {
    std::iota(blocks.begin(), blocks.end(), 0);
    if (chance(0.5)) std::shuffle(blocks.begin(), blocks.end(), generator_);
    std::vector<int32_t> chosen[2];
    for (const int32_t block : blocks) {
      const bool full = s.full && (!s.partial || chance(0.4));
      const bool fits = s.kind == SparsityKind::csr_lists || static_cast<int64_t>(chosen[full].size()) < s.max_blocks;
      if (chance(density) && fits) chosen[full].push_back(block);
    }
    for (const int full : {0, 1}) {
      if (s.kind == SparsityKind::csr_lists && list % query_blocks == 0) {
        row_ptr[full].push_back(static_cast<int64_t>(indices[full].size()));
      }
      counts[full].push_back(static_cast<int32_t>(chosen[full].size()));
      indices[full].insert(indices[full].end(), chosen[full].begin(), chosen[full].end());
      if (s.kind == SparsityKind::padded_lists) {
        // Nothing may read beyond the count: what stands there is no block.
        indices[full].resize(static_cast<size_t>((list + 1) * s.max_blocks), std::numeric_limits<int32_t>::min());
      } else {
        row_ptr[full].push_back(static_cast<int64_t>(indices[full].size()));
      }
    }
  }
  BlockLists& lists = tensors_.lists;
  const bool padded = s.kind == SparsityKind::padded_lists;
  if (s.full) {
    lists.full_indices = array("full_indices", indices[1]);
    if (padded) lists.full_counts = array("full_counts", counts[1]);
    if (!padded) lists.full_row_ptr = array("full_row_ptr", row_ptr[1]);
  }
  if (s.partial) {
    lists.partial_indices = array("partial_indices", indices[0]);
    if (padded) lists.partial_counts = array("partial_counts", counts[0]);
    if (!padded) lists.partial_row_ptr = array("partial_row_ptr", row_ptr[0]);
  }
}

void Workload::hide_keys_beyond_lengths() {
  const Problem& p = problem_;
  if (!p.kv_lengths || options_.strides == Strides::expanded_kv || options_.strides == Strides::packed_qkv) return;
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t first = p.varlen ? tensors_.cu_seqlens_kv[b] : 0;
    const int64_t end = p.varlen ? tensors_.cu_seqlens_kv[b + 1] : p.seqlen_kv;
    for (int64_t row = first + std::min<int64_t>(tensors_.kv_lengths[b], end - first); row < end; ++row) {
      for (int64_t h = 0; h < p.heads_kv; ++h) {
        set_row(tensors_.k, p.varlen ? 0 : b, h, row, p.head_dim_qk, std::nanf(""));
        set_row(tensors_.v, p.varlen ? 0 : b, h, row, p.head_dim_v, std::numeric_limits<float>::infinity());
      }
    }
  }
}

// Pages no sequence has, and rows of a last page behind the end of all sequences that end in it.
void Workload::hide_unused_pages() {
  const Problem& p = problem_;
  if (options_.strides == Strides::expanded_kv) return;             // pages and heads share memory
  std::vector<int64_t> used(static_cast<size_t>(p.page_count), 0);  // rows from the start of each page
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t keys = p.kv_lengths ? tensors_.kv_lengths[b] : p.seqlen_kv;
    for (int64_t begin = 0; begin < keys; begin += p.page_size) {
      int64_t& rows = used[static_cast<size_t>(tensors_.page_table[b * tensors_.page_table_stride + begin / p.page_size])];
      rows = std::max(rows, std::min(p.page_size, keys - begin));
    }
  }
  for (int64_t page = 0; page < p.page_count; ++page) {
    for (int64_t row = used[static_cast<size_t>(page)]; row < p.page_size; ++row) {
      for (int64_t h = 0; h < p.heads_kv; ++h) {
        set_row(tensors_.k, page, h, row, p.head_dim_qk, std::nanf(""));
        set_row(tensors_.v, page, h, row, p.head_dim_v, std::numeric_limits<float>::infinity());
      }
    }
  }
}

void Workload::poison_some_keys() {
  const Problem& p = problem_;
  const int64_t elements = p.kv_elements(), rows = p.kv_rows();
  if (rows == 0) return;
  const std::array<float, 3> poisons{std::nanf(""), std::numeric_limits<float>::infinity(),
                                     -std::numeric_limits<float>::infinity()};
  for (int64_t n = uniform(1, 3); n > 0; --n) {
    const bool key = chance(0.3);
    const int64_t b = uniform(0, elements - 1), h = uniform(0, p.heads_kv - 1), row = uniform(0, rows - 1);
    const int64_t columns = key ? p.head_dim_qk : p.head_dim_v;
    const float value = poisons[static_cast<size_t>(key ? 0 : uniform(0, 2))];
    const int64_t first = chance(0.5) ? 0 : uniform(0, columns - 1), last = first == 0 ? columns - 1 : first;
    const TensorView& view = key ? tensors_.k : tensors_.v;
    const int64_t start = b * view.stride_batch + h * view.stride_head + row * view.stride_seq;
    for (int64_t d = first; d <= last; ++d) store_float(p.dtype, view.data, start + d, value);
  }
}

int64_t Workload::element(const TensorView& view, int64_t b, int64_t h, int64_t row) const {
  const bool pool = problem_.paged() && (view.data == tensors_.k.data || view.data == tensors_.v.data);
  if (!pool) return (problem_.varlen ? 0 : b * view.stride_batch) + h * view.stride_head + row * view.stride_seq;
  const int64_t page = tensors_.page_table[b * tensors_.page_table_stride + row / problem_.page_size];
  return page * view.stride_batch + h * view.stride_head + row % problem_.page_size * view.stride_seq;
}

// `outer` is a batch element, a page, or 0 of a packed tensor.
void Workload::set_row(const TensorView& view, int64_t outer, int64_t h, int64_t row, int64_t columns, float value) {
  const int64_t start = outer * view.stride_batch + h * view.stride_head + row * view.stride_seq;
  for (int64_t d = 0; d < columns; ++d) store_float(problem_.dtype, view.data, start + d, value);
}

float Workload::get(const TensorView& view, int64_t b, int64_t h, int64_t row, int64_t column) const {
  return load_float(problem_.dtype, view.data, element(view, b, h, row) + column);
}

void Workload::set(const TensorView& view, int64_t b, int64_t h, int64_t row, int64_t column, float value) {
  store_float(problem_.dtype, view.data, element(view, b, h, row) + column, value);
}

float Workload::lse(int64_t b, int64_t h, int64_t row) const {
  return tensors_.lse[b * tensors_.lse_stride_batch + h * tensors_.lse_stride_head + row];
}

void Workload::seal() {
  for (Owned& input : inputs_) input.seal = fast_hash(bytes_of(input.buffer));
}

void Workload::reset_outputs() {
  for (GuardedBuffer* buffer : {&o_, &lse_}) {
    if (buffer->size() > 0) std::memset(buffer->data(), nan_fill, buffer->size());
  }
}

// Calls visit(b, h, row of the tensors) for the rows a kernel writes.
template <class Visit>
void Workload::visit_output_rows(Visit visit) const {
  const Problem& p = problem_;
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t first = p.varlen ? tensors_.cu_seqlens_q[b] : 0;
    const int64_t end = p.varlen ? tensors_.cu_seqlens_q[b + 1] : p.seqlen_q;
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t row = first; row < end; ++row) visit(b, h, row);
    }
  }
}

std::string Workload::damage() const {
  for (const Owned& input : inputs_) {
    if (fast_hash(bytes_of(input.buffer)) != input.seal) return input.what + " was modified";
  }
  const auto is_fill = [](std::byte byte) { return byte == std::byte{nan_fill}; };
  std::vector<std::byte> o(o_.data(), o_.data() + o_.size()), lse(lse_.data(), lse_.data() + lse_.size());
  const std::ptrdiff_t origin = static_cast<const std::byte*>(tensors_.o.data) - o_.data();
  visit_output_rows([&](int64_t b, int64_t h, int64_t row) {
    const int64_t element =
        (problem_.varlen ? 0 : b * tensors_.o.stride_batch) + h * tensors_.o.stride_head + row * tensors_.o.stride_seq;
    const int64_t width = size_bytes(problem_.dtype);
    std::memset(o.data() + origin + element * width, nan_fill, static_cast<size_t>(problem_.head_dim_v * width));
    if (problem_.want_lse) {
      const int64_t at = (problem_.varlen ? 0 : b * tensors_.lse_stride_batch) + h * tensors_.lse_stride_head + row;
      std::memset(lse.data() + at * 4, nan_fill, 4);
    }
  });
  if (!std::all_of(o.begin(), o.end(), is_fill)) return "a byte outside the elements of O was written";
  if (!std::all_of(lse.begin(), lse.end(), is_fill)) return "a byte outside the elements of LSE was written";
  return {};
}

}  // namespace attune::test
