// Checks in the order in which a user would look: the three tensors, then what hangs on their extents.
#include "cli/attention_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "cli/files/tensor_file.hpp"
#include "cli/given_inputs.hpp"
#include "cli/shapes/words.hpp"
#include "generator/given_operands.hpp"
#include "generator/quantization.hpp"

namespace attune::cli {
namespace {

Error wrong(std::string message) { return {Status::invalid_argument, std::move(message)}; }

struct Extents {
  int64_t batch, heads, rows, channels;
};

// Rank 4 in the layout's order; packed (varlen) tensors are [total, heads, channels].
Result<Extents> extents_of(const Array& array, std::string_view role, Layout layout, bool packed) {
  const auto& s = array.shape();
  if (packed) {
    if (s.size() == 3) return Extents{1, s[1], s[0], s[2]};
    return wrong(fmt::format("--{}: shape {} must be [total, heads, head_dim] with --cu-seqlens-{}", role, shape_text(s),
                             role == "q" ? "q" : "kv"));
  }
  if (s.size() != 4) {
    return wrong(fmt::format("--{}: shape {} must be [{}]; reshape it to four dimensions", role, shape_text(s),
                             layout == Layout::bhsd ? "B, H, S, D" : "B, S, H, D"));
  }
  if (layout == Layout::bhsd) return Extents{s[0], s[1], s[2], s[3]};
  return Extents{s[0], s[2], s[1], s[3]};
}

// Lengths of any integer type as int32, with the range checked value by value.
Result<Array> lengths(const std::string& location, std::string_view role, int64_t count, int64_t low, int64_t high) {
  ATTUNE_TRY(const auto raw, load_tensor(location, role));
  if (raw.dtype() != DType::i32 && raw.dtype() != DType::i64) {
    return wrong(fmt::format("--{}: dtype is {}; lengths must be int32 or int64", role, name(raw.dtype())));
  }
  if (raw.rank() != 1 || raw.count() != count) {
    return wrong(fmt::format("--{}: shape {} must be [{}]", role, shape_text(raw.shape()), count));
  }
  ATTUNE_TRY(auto array, Array::allocate(DType::i32, {count}));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t value = raw.dtype() == DType::i32 ? raw.as<int32_t>()[i] : raw.as<int64_t>()[i];
    if (value < low || value > high) {
      return wrong(fmt::format("--{}: value {} at index {} must be from {} to {}", role, value, i, low, high));
    }
    array.as<int32_t>()[i] = static_cast<int32_t>(value);
  }
  return array;
}

// Any integers that int32 holds: entries behind a sequence's last page may be anything.
Result<Array> page_numbers(const std::string& location, int64_t batch) {
  ATTUNE_TRY(const auto raw, load_tensor(location, "page-table"));
  if (raw.dtype() != DType::i32 && raw.dtype() != DType::i64) {
    return wrong(fmt::format("--page-table: dtype is {}; page numbers must be int32 or int64", name(raw.dtype())));
  }
  if (raw.rank() != 2 || raw.shape()[0] != batch) {
    return wrong(
        fmt::format("--page-table: shape {} must be [{}, pages of the longest sequence]", shape_text(raw.shape()), batch));
  }
  ATTUNE_TRY(auto array, Array::allocate(DType::i32, raw.shape()));
  for (int64_t i = 0; i < raw.count(); ++i) {
    const int64_t value = raw.dtype() == DType::i32 ? raw.as<int32_t>()[i] : raw.as<int64_t>()[i];
    if (value < INT32_MIN || value > INT32_MAX) {
      return wrong(fmt::format("--page-table: value {} at index {} must fit 32 bits", value, i));
    }
    array.as<int32_t>()[i] = static_cast<int32_t>(value);
  }
  return array;
}

struct Packing {
  Array offsets;
  int64_t longest = 0;
};

Result<Packing> cumulative_lengths(const std::string& location, std::string_view role, int64_t total) {
  ATTUNE_TRY(const auto raw, load_tensor(location, role));
  if (raw.count() < 2) return wrong(fmt::format("--{}: it needs batch + 1 values, so at least 2", role));
  Packing packing;
  ATTUNE_TRY(packing.offsets, lengths(location, role, raw.count(), 0, std::min<int64_t>(total, INT32_MAX)));
  const auto* offsets = packing.offsets.as<int32_t>();
  const int64_t last = packing.offsets.count() - 1;
  if (offsets[0] != 0 || offsets[last] != total) {
    return wrong(fmt::format("--{}: it must start at 0 and end at {}, the rows of the packed tensor; it goes from {} to {}",
                             role, total, offsets[0], offsets[last]));
  }
  for (int64_t i = 0; i < last; ++i) {
    if (offsets[i + 1] < offsets[i]) {
      return wrong(fmt::format("--{}: value {} at index {} is below the one before it; offsets must not fall", role,
                               offsets[i + 1], i + 1));
    }
    packing.longest = std::max<int64_t>(packing.longest, offsets[i + 1] - offsets[i]);
  }
  return packing;
}

Result<void> read_window(const std::string& text, Problem& problem) {
  if (text.empty()) return {};
  const auto pieces = split_at(text, ',');
  const auto left = to_integer(trim(pieces[0]));
  const auto right = pieces.size() == 2 ? to_integer(trim(pieces[1])) : std::nullopt;
  if (!left || !right) {
    return wrong(fmt::format("--window: '{}' must be LEFT,RIGHT, two whole numbers with -1 for no bound", printable(text)));
  }
  problem.window_left = *left;
  problem.window_right = *right;
  return {};
}

Result<void> read_mask(const std::string& location, AttentionInputs& inputs) {
  ATTUNE_TRY(inputs.mask, load_tensor(location, "mask"));
  Problem& p = inputs.problem;
  const Array& mask = inputs.mask;
  if (mask.dtype() == DType::i32 || mask.dtype() == DType::i64) {
    return wrong(
        fmt::format("--mask: dtype is {}; save it as bool (keeps where true) or float (is added)", name(mask.dtype())));
  }
  if (mask.rank() < 1 || mask.rank() > 4) {
    return wrong(fmt::format("--mask: shape {} must have 1 to 4 dimensions, broadcast over [B, Hq, Sq, Skv]",
                             shape_text(mask.shape())));
  }
  int64_t extents[4] = {1, 1, 1, 1};
  std::copy(mask.shape().begin(), mask.shape().end(), extents + (4 - mask.rank()));
  const int64_t full[3] = {p.batch, p.heads_q, p.seqlen_q};
  for (int i = 0; i < 3; ++i) {
    if (extents[i] != 1 && extents[i] != full[i]) {
      return wrong(fmt::format("--mask: shape {} does not broadcast over [{}, {}, {}, {}]: {} must be 1 or {}",
                               shape_text(mask.shape()), p.batch, p.heads_q, p.seqlen_q, p.seqlen_kv, extents[i], full[i]));
    }
  }
  if (extents[3] < 1 || extents[3] > std::max<int64_t>(1, p.seqlen_kv)) {
    return wrong(fmt::format("--mask: shape {} does not fit {} keys; give 1 key to broadcast, or at most {}",
                             shape_text(mask.shape()), p.seqlen_kv, p.seqlen_kv));
  }
  p.mask = {mask.dtype() == DType::boolean ? MaskKind::boolean : MaskKind::additive,
            mask.dtype(),
            extents[0],
            extents[1],
            extents[2],
            extents[3]};
  return {};
}

// fp32 per query head; NaN is refused, an infinite sink is a sink switched off.
Result<void> read_per_head(const std::string& location, std::string_view role, const Problem& p, bool per_batch,
                           Array& array) {
  ATTUNE_TRY(array, load_tensor(location, role));
  if (array.dtype() != DType::f32) {
    return wrong(fmt::format("--{}: dtype is {}; save it as float32", role, name(array.dtype())));
  }
  const bool heads_only = array.shape() == std::vector<int64_t>{p.heads_q};
  const bool batch_and_heads = per_batch && array.shape() == std::vector<int64_t>{p.batch, p.heads_q};
  if (!heads_only && !batch_and_heads) {
    return wrong(fmt::format("--{}: shape {} must be [{}]{}", role, shape_text(array.shape()), p.heads_q,
                             per_batch ? fmt::format(" or [{}, {}]", p.batch, p.heads_q) : ""));
  }
  if (count_nan(array) > 0) return wrong(fmt::format("--{}: it holds NaN; give finite values", role));
  if (per_batch && count_non_finite(array) > 0) {
    return wrong(fmt::format("--{}: it holds infinite values; give finite slopes", role));
  }
  return {};
}

// Q, K and V, each as a tensor or as codes, and the type of the tensors.
Result<void> load_operands(const AttentionRequest& request, const Quantization& given, AttentionInputs& inputs) {
  Problem& p = inputs.problem;
  if (given.given_qk()) {
    ATTUNE_TRY(inputs.q, load_qk_codes(request.q, "q", given.qk));
    ATTUNE_TRY(inputs.k, load_qk_codes(request.k, "k", given.qk));
  } else {
    ATTUNE_TRY(inputs.q, load_tensor(request.q, "q"));
    ATTUNE_TRY(inputs.k, load_tensor(request.k, "k"));
  }
  if (given.given_v()) {
    ATTUNE_TRY(inputs.v, load_v_codes(request.v, given.pv));
  } else {
    ATTUNE_TRY(inputs.v, load_tensor(request.v, "v"));
  }
  if (given.given == Given::qkv) {
    ATTUNE_TRY(p.dtype, parse_dtype(request.dtype));
    return {};
  }
  const bool only_v = given.given_qk();
  p.dtype = only_v ? inputs.v.dtype() : inputs.q.dtype();
  if (p.dtype != DType::f32 && p.dtype != DType::f16 && p.dtype != DType::bf16) {
    return wrong(
        fmt::format("--{}: dtype is {}; save it as float32, float16 or bfloat16", only_v ? "v" : "q", name(p.dtype)));
  }
  for (const auto& [role, array] : {std::pair{"k", &inputs.k}, std::pair{"v", &inputs.v}}) {
    if (only_v || (array == &inputs.v && given.given_v()) || array->dtype() == p.dtype) continue;
    return wrong(
        fmt::format("--{}: dtype is {}, but Q is {}; save all three alike", role, name(array->dtype()), name(p.dtype)));
  }
  return {};
}

Result<void> read_tensors(const AttentionRequest& request, const Quantization& given, AttentionInputs& inputs) {
  Problem& p = inputs.problem;
  ATTUNE_TRY(p.layout, parse_layout(request.layout));
  ATTUNE_CHECK(load_operands(request, given, inputs));
  const bool paged = !request.page_table.empty();
  if (paged && !request.cu_seqlens_kv.empty()) {
    return wrong("--cu-seqlens-kv: keys in pages are not packed; give --kv-lengths with --page-table");
  }
  if (!paged && request.cu_seqlens_q.empty() != request.cu_seqlens_kv.empty()) {
    return wrong("--cu-seqlens-q and --cu-seqlens-kv belong together; give both or none");
  }
  p.varlen = !request.cu_seqlens_q.empty();
  const bool packed_kv = p.varlen && !paged;
  ATTUNE_TRY(Extents q, extents_of(inputs.q, "q", p.layout, p.varlen));
  ATTUNE_TRY(Extents k, extents_of(inputs.k, "k", p.layout, packed_kv));
  if (given.given_qk() && code_bits(given.qk) == 4) q.channels *= 2, k.channels *= 2;
  Extents v = k;  // of codes, read_given() looks at the shape
  if (!given.given_v()) {
    ATTUNE_TRY(v, extents_of(inputs.v, "v", p.layout, packed_kv));
  }
  if (k.batch != q.batch && !paged)
    return wrong(fmt::format("--k: its batch is {}, but Q's is {}; they must be equal", k.batch, q.batch));
  if (k.channels != q.channels) {
    return wrong(fmt::format("--k: its head_dim is {}, but Q's is {}; they must be equal", k.channels, q.channels));
  }
  if (v.batch != k.batch || v.heads != k.heads || v.rows != k.rows) {
    return wrong(fmt::format("--v: shape {} does not match K's {}; only the head_dim may differ",
                             shape_text(inputs.v.shape()), shape_text(inputs.k.shape())));
  }
  p.batch = q.batch;
  p.heads_q = q.heads;
  p.heads_kv = k.heads;
  p.seqlen_q = q.rows;
  p.seqlen_kv = k.rows;
  p.head_dim_qk = q.channels;
  p.head_dim_v = v.channels;
  if (p.varlen) {
    ATTUNE_TRY(auto packed_q, cumulative_lengths(request.cu_seqlens_q, "cu-seqlens-q", q.rows));
    p.batch = packed_q.offsets.count() - 1;
    p.total_q = q.rows;
    p.seqlen_q = packed_q.longest;
    inputs.cu_seqlens_q = std::move(packed_q.offsets);
  }
  if (paged) {
    ATTUNE_TRY(inputs.page_table, page_numbers(request.page_table, p.batch));
    p.page_count = k.batch;
    p.page_size = k.rows;
    p.seqlen_kv = inputs.page_table.shape()[1] * k.rows;
    if (p.page_size == 0) return wrong("--k: pages of 0 keys hold nothing; give at least one key a page");
  }
  if (!packed_kv) return {};
  ATTUNE_TRY(auto packing_kv, cumulative_lengths(request.cu_seqlens_kv, "cu-seqlens-kv", k.rows));
  if (packing_kv.offsets.count() != inputs.cu_seqlens_q.count()) {
    return wrong(fmt::format("--cu-seqlens-kv: {} values, but --cu-seqlens-q has {}; both need batch + 1",
                             packing_kv.offsets.count(), inputs.cu_seqlens_q.count()));
  }
  p.total_kv = k.rows;
  p.seqlen_kv = packing_kv.longest;
  inputs.cu_seqlens_kv = std::move(packing_kv.offsets);
  return {};
}

Array filled_with_nan(Array array) {
  std::memset(array.data(), 0xff, static_cast<size_t>(array.bytes()));  // all ones is NaN in every float format
  return array;
}

}  // namespace

Result<AttentionInputs> read_inputs(const AttentionRequest& request) {
  AttentionInputs inputs;
  Problem& p = inputs.problem;
  ATTUNE_TRY(p.quantization, canonical_quantization(request.quantization));
  const Quantization given = given_request(p);
  ATTUNE_CHECK(check_given_options(request, given));
  ATTUNE_CHECK(read_tensors(request, given, inputs));
  ATTUNE_CHECK(read_given(request, given, inputs));
  if (!request.causal.empty()) {
    ATTUNE_TRY(p.alignment, parse_alignment(request.causal));
    p.causal = true;
  }
  ATTUNE_CHECK(read_window(request.window, p));
  const auto in_range = [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); };
  if (request.scale) {
    if (!in_range(*request.scale)) return wrong("--scale: give a finite number in the range of fp32");
    p.softmax_scale = static_cast<float>(*request.scale);
  }
  if (request.softcap) {
    if (!in_range(*request.softcap)) return wrong("--softcap: give a finite number in the range of fp32, above 0");
    p.softcap = static_cast<float>(*request.softcap);
  }
  p.want_lse = request.want_lse;
  if (!request.mask.empty()) ATTUNE_CHECK(read_mask(request.mask, inputs));
  if (!request.kv_lengths.empty()) {
    ATTUNE_TRY(inputs.kv_lengths, lengths(request.kv_lengths, "kv-lengths", p.batch, 0, p.seqlen_kv));
    p.kv_lengths = true;
  }
  if (!request.sinks.empty()) {
    ATTUNE_CHECK(read_per_head(request.sinks, "sinks", p, false, inputs.sinks));
    p.sinks = true;
  }
  if (!request.alibi.empty()) {
    ATTUNE_CHECK(read_per_head(request.alibi, "alibi", p, true, inputs.alibi));
    p.alibi = true;
  }
  ATTUNE_CHECK(validate(p));
  for (const auto& [role, array] : {std::pair{"Q", &inputs.q}, std::pair{"K", &inputs.k}, std::pair{"V", &inputs.v}}) {
    if (const int64_t count = count_non_finite(*array); count > 0) {
      inputs.notes.push_back(fmt::format("{} holds {} values that are NaN or infinite", role, count));
    }
  }
  if (const int64_t count = count_nan(inputs.mask); count > 0) {
    inputs.notes.push_back(fmt::format("the mask holds {} NaN values", count));
  }
  return inputs;
}

Result<Array> make_output(const Problem& p) {
  std::vector<int64_t> shape = p.varlen ? std::vector<int64_t>{p.total_q, p.heads_q, p.head_dim_v}
                               : p.layout == Layout::bhsd
                                   ? std::vector<int64_t>{p.batch, p.heads_q, p.seqlen_q, p.head_dim_v}
                                   : std::vector<int64_t>{p.batch, p.seqlen_q, p.heads_q, p.head_dim_v};
  ATTUNE_TRY(auto array, Array::allocate(p.dtype, std::move(shape)));
  return filled_with_nan(std::move(array));
}

Result<Array> make_lse(const Problem& p) {
  std::vector<int64_t> shape =
      p.varlen ? std::vector<int64_t>{p.heads_q, p.total_q} : std::vector<int64_t>{p.batch, p.heads_q, p.seqlen_q};
  ATTUNE_TRY(auto array, Array::allocate(DType::f32, std::move(shape)));
  return filled_with_nan(std::move(array));
}

Tensors tensors_at(const AttentionInputs& inputs, const Placement& at) {
  const Problem& p = inputs.problem;
  Tensors t;
  set_contiguous_strides(p, t);
  t.q.data = at.q;
  t.k.data = at.k;
  t.v.data = at.v;
  t.o.data = at.o;
  if (p.want_lse) t.lse = static_cast<float*>(at.lse);
  if (p.mask.kind != MaskKind::none) {
    t.mask.data = at.mask;
    t.mask.stride_kv = p.mask.seqlen_kv == 1 ? 0 : 1;
  }
  t.sinks = static_cast<const float*>(at.sinks);
  t.alibi_slopes = static_cast<const float*>(at.alibi);
  t.alibi_stride_batch = inputs.alibi.rank() == 2 ? p.heads_q : 0;
  t.kv_lengths = static_cast<const int32_t*>(at.kv_lengths);
  t.cu_seqlens_q = static_cast<const int32_t*>(at.cu_seqlens_q);
  t.cu_seqlens_kv = static_cast<const int32_t*>(at.cu_seqlens_kv);
  t.page_table = static_cast<const int32_t*>(at.page_table);
  t.q_scales = static_cast<const float*>(at.q_scales);
  t.k_scales = static_cast<const float*>(at.k_scales);
  t.v_scales = static_cast<const float*>(at.v_scales);
  return t;
}

}  // namespace attune::cli
