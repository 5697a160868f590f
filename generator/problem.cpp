// Well-formedness, names and the amount of work of a problem.
#include "generator/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "generator/quantization.hpp"

namespace attune {

namespace {

// Lengths travel as int32 (kv_lengths, cu_seqlens), so an extent never needs more than 31 bits.
constexpr int64_t max_extent = std::numeric_limits<int32_t>::max();
constexpr int64_t max_block = int64_t{1} << 20;

Error invalid(std::string message) { return {Status::invalid_argument, std::move(message)}; }

Result<void> in_range(std::string_view field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return invalid(fmt::format("{} is {}; give a value from {} to {}.", field, value, low, high));
}

// Bytes of a tensor as the product of its extents; an error when they do not fit 63 bits.
Result<void> addressable(std::string_view tensor, std::initializer_list<int64_t> extents, int64_t element_bytes) {
  int64_t bytes = element_bytes;
  for (const int64_t extent : extents) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      return invalid(
          fmt::format("The size of {} overflows 63 bits; reduce its extents or split the problem along batch.", tensor));
    }
  }
  return {};
}

int64_t ceil_div(int64_t value, int64_t divisor) { return value / divisor + (value % divisor != 0 ? 1 : 0); }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::tolower(c)); });
  return result;
}

Result<void> validate_extents(const Problem& p) {
  ATTUNE_CHECK(in_range("batch", p.batch, 1, max_extent));
  ATTUNE_CHECK(in_range("heads_q", p.heads_q, 1, max_extent));
  ATTUNE_CHECK(in_range("heads_kv", p.heads_kv, 1, max_extent));
  ATTUNE_CHECK(in_range("seqlen_q", p.seqlen_q, 1, max_extent));
  ATTUNE_CHECK(in_range("seqlen_kv", p.seqlen_kv, 0, max_extent));
  ATTUNE_CHECK(in_range("head_dim_qk", p.head_dim_qk, 1, max_head_dim_qk));
  ATTUNE_CHECK(in_range("head_dim_v", p.head_dim_v, 1, max_head_dim_v));
  if (p.heads_q % p.heads_kv != 0) {
    return invalid(
        fmt::format("heads_q = {} is not a multiple of heads_kv = {}; each KV head serves heads_q / heads_kv "
                    "query heads, so give a heads_kv that divides heads_q.",
                    p.heads_q, p.heads_kv));
  }
  return {};
}

Result<void> validate_varlen(const Problem& p) {
  if (!p.varlen) {
    if (p.total_q != 0 || p.total_kv != 0) {
      return invalid(
          fmt::format("total_q = {} and total_kv = {} have a meaning with varlen only; set varlen, or leave both 0.",
                      p.total_q, p.total_kv));
    }
    return {};
  }
  // batch and the lengths are below 2^31, so these products fit.
  ATTUNE_CHECK(in_range("total_q (varlen: rows of the packed Q, at most batch * seqlen_q)", p.total_q, 0,
                        std::min(max_extent, p.batch * p.seqlen_q)));
  if (p.paged()) {
    if (p.total_kv == 0) return {};
    return invalid(
        fmt::format("total_kv is {}, but paged K and V are not packed; leave it 0, or set page_size to 0.", p.total_kv));
  }
  ATTUNE_CHECK(in_range("total_kv (varlen: rows of the packed K and V, at most batch * seqlen_kv)", p.total_kv, 0,
                        std::min(max_extent, p.batch * p.seqlen_kv)));
  return {};
}

Result<void> validate_pages(const Problem& p) {
  ATTUNE_CHECK(in_range("page_size (keys of one page; 0: K and V are not paged)", p.page_size, 0, max_extent));
  if (!p.paged()) {
    if (p.page_count == 0) return {};
    return invalid(
        fmt::format("page_count = {} has a meaning with page_size only; set page_size, or leave it 0.", p.page_count));
  }
  ATTUNE_CHECK(in_range("page_count (pages of the pools of K and V)", p.page_count, 1, max_extent));
  if (p.varlen && !p.kv_lengths) {
    return invalid("varlen with paged K and V does not say how many keys each sequence has; set kv_lengths and pass them.");
  }
  return addressable("the page table", {p.batch, p.pages_per_sequence()}, 4);
}

Result<void> validate_scores(const Problem& p) {
  if (p.softmax_scale && !std::isfinite(*p.softmax_scale)) {
    return invalid("softmax_scale is not finite; give a finite value, or leave it unset for 1 / sqrt(head_dim_qk).");
  }
  if (!std::isfinite(p.softcap) || p.softcap < 0) {
    return invalid(fmt::format("softcap is {}; give a finite value above 0, or 0 to switch it off.", p.softcap));
  }
  if (p.softcap > 0 && p.softcap < std::numeric_limits<float>::min()) {
    return invalid(
        "softcap is a subnormal number, whose reciprocal overflows fp32; give a larger value, or 0 to switch it off.");
  }
  for (const auto& [field, value] : {std::pair{"window_left", p.window_left}, std::pair{"window_right", p.window_right}}) {
    if (value < -1 || value > max_extent) {
      return invalid(fmt::format("{} is {}; give the number of keys visible on that side (0 to {}), or -1 for no bound.",
                                 field, value, max_extent));
    }
  }
  return {};
}

Result<void> validate_mask(const Problem& p) {
  const MaskRequest& m = p.mask;
  if (m.kind == MaskKind::none) {
    if (m == MaskRequest{}) return {};
    return invalid(
        "mask.kind is none, but other mask fields are set; set mask.kind, or leave the others at their defaults.");
  }
  if (m.kind == MaskKind::boolean && m.dtype != DType::boolean) {
    return invalid(
        fmt::format("mask.dtype is {} for a boolean mask; give bool, or set mask.kind to additive.", name(m.dtype)));
  }
  if (m.kind == MaskKind::additive && m.dtype != DType::f32 && m.dtype != DType::f16 && m.dtype != DType::bf16) {
    return invalid(fmt::format("mask.dtype is {} for an additive mask; give fp32, fp16 or bf16.", name(m.dtype)));
  }
  const auto broadcastable = [](std::string_view field, int64_t value, int64_t extent) -> Result<void> {
    if (value == 1 || value == extent) return {};
    return invalid(fmt::format("{} is {}; give 1 to broadcast, or {}.", field, value, extent));
  };
  ATTUNE_CHECK(broadcastable("mask.batch", m.batch, p.batch));
  ATTUNE_CHECK(broadcastable("mask.heads", m.heads, p.heads_q));
  ATTUNE_CHECK(broadcastable("mask.seqlen_q", m.seqlen_q, p.seqlen_q));
  const int64_t shortest = std::min<int64_t>(1, p.seqlen_kv);
  if (m.seqlen_kv < shortest || m.seqlen_kv > std::max<int64_t>(1, p.seqlen_kv)) {
    return invalid(
        fmt::format("mask.seqlen_kv is {}; give 1 to broadcast, or up to seqlen_kv = {} (keys beyond a shorter "
                    "mask's end are masked).",
                    m.seqlen_kv, p.seqlen_kv));
  }
  return addressable("the mask", {m.batch, m.heads, m.seqlen_q, m.seqlen_kv}, size_bytes(m.dtype));
}

Result<void> validate_sparsity(const Problem& p) {
  const SparsityRequest& s = p.sparsity;
  if (s.kind == SparsityKind::none) {
    if (s == SparsityRequest{}) return {};
    return invalid(
        "sparsity.kind is none, but other sparsity fields are set; set sparsity.kind, or leave the others at their "
        "defaults.");
  }
  ATTUNE_CHECK(in_range("sparsity.block_q", s.block_q, 1, max_block));
  ATTUNE_CHECK(in_range("sparsity.block_kv", s.block_kv, 1, max_block));
  if (!s.full && !s.partial) {
    return invalid("sparsity.full and sparsity.partial are both false; give at least one of the two lists.");
  }
  if (s.batch != 1 && s.batch != p.batch) {
    return invalid(fmt::format("sparsity.batch is {}; give 1 to broadcast, or {}.", s.batch, p.batch));
  }
  if (s.heads != 1 && s.heads != p.heads_kv && s.heads != p.heads_q) {
    return invalid(
        fmt::format("sparsity.heads is {}; give 1, heads_kv = {} or heads_q = {}.", s.heads, p.heads_kv, p.heads_q));
  }
  const int64_t query_blocks = ceil_div(p.seqlen_q, s.block_q);
  if (s.kind == SparsityKind::padded_lists) {
    ATTUNE_CHECK(in_range("sparsity.max_blocks (row length of the padded lists)", s.max_blocks, 0, max_extent));
    return addressable("the block lists", {s.batch, s.heads, query_blocks, s.max_blocks}, 4);
  }
  if (s.max_blocks != 0) {
    return invalid(
        fmt::format("sparsity.max_blocks is {}, which CSR lists do not have; leave it 0, or set sparsity.kind to "
                    "padded_lists.",
                    s.max_blocks));
  }
  return addressable("the row pointers of the block lists", {s.batch, s.heads, query_blocks + 1}, 8);
}

// Sum over i in [0, rows) of clamp(i + offset, 0, keys), in closed form.
double clamped_sum(int64_t rows, int64_t offset, int64_t keys) {
  const int64_t rise = std::clamp<int64_t>(-offset, 0, rows);           // first row above 0
  const int64_t flat = std::clamp<int64_t>(keys - offset, rise, rows);  // first row at `keys`
  const auto count = static_cast<long double>(flat - rise);
  const long double ramp = count * static_cast<long double>(rise + offset) + count * (count - 1) / 2;
  return static_cast<double>((count > 0 ? ramp : 0) +
                             static_cast<long double>(rows - flat) * static_cast<long double>(keys));
}

// Visible (query, key) pairs of one head of one batch element.
double visible_pairs(const Problem& p, int64_t rows, int64_t keys) {
  const int64_t shift = p.alignment == Alignment::bottom_right ? keys - rows : 0;
  int64_t right = p.window_right;
  if (p.causal) right = right < 0 ? 0 : std::min<int64_t>(right, 0);
  if (p.mask.kind != MaskKind::none && p.mask.seqlen_kv > 1) keys = std::min(keys, p.mask.seqlen_kv);
  const double below_right =
      right < 0 ? static_cast<double>(rows) * static_cast<double>(keys) : clamped_sum(rows, shift + right + 1, keys);
  const double below_left = p.window_left < 0 ? 0.0 : clamped_sum(rows, shift - p.window_left, keys);
  return below_right - below_left;
}

}  // namespace

int64_t size_bytes(DType dtype) {
  switch (dtype) {
    case DType::boolean: return 1;
    case DType::f16:
    case DType::bf16: return 2;
    case DType::f32:
    case DType::i32: return 4;
    case DType::i64: return 8;
  }
  return 0;
}

std::string_view name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "fp32";
    case DType::f16: return "fp16";
    case DType::bf16: return "bf16";
    case DType::boolean: return "bool";
    case DType::i32: return "int32";
    case DType::i64: return "int64";
  }
  return "unknown";
}

Result<DType> parse_dtype(std::string_view text) {
  const std::string word = lower(text);
  if (word == "fp32" || word == "f32" || word == "float32" || word == "float") return DType::f32;
  if (word == "fp16" || word == "f16" || word == "float16" || word == "half") return DType::f16;
  if (word == "bf16" || word == "bfloat16") return DType::bf16;
  if (word == "bool" || word == "boolean") return DType::boolean;
  if (word == "int32" || word == "i32") return DType::i32;
  if (word == "int64" || word == "i64") return DType::i64;
  return invalid(fmt::format("The dtype '{}' is not known; give fp32, fp16, bf16, bool, int32 or int64.", text));
}

std::string_view name(Layout layout) { return layout == Layout::bhsd ? "bhsd" : "bshd"; }

Result<Layout> parse_layout(std::string_view text) {
  const std::string word = lower(text);
  if (word == "bhsd" || word == "hnd") return Layout::bhsd;
  if (word == "bshd" || word == "nhd") return Layout::bshd;
  return invalid(fmt::format("The layout '{}' is not known; give bhsd or bshd.", text));
}

std::string_view name(Alignment alignment) { return alignment == Alignment::top_left ? "top_left" : "bottom_right"; }

Result<Alignment> parse_alignment(std::string_view text) {
  const std::string word = lower(text);
  if (word == "top_left") return Alignment::top_left;
  if (word == "bottom_right") return Alignment::bottom_right;
  return invalid(
      fmt::format("The alignment '{}' is not known; give top_left (PyTorch's is_causal) or bottom_right "
                  "(FlashAttention 2.1 and later).",
                  text));
}

std::string_view name(MaskKind kind) {
  switch (kind) {
    case MaskKind::none: return "none";
    case MaskKind::boolean: return "boolean";
    case MaskKind::additive: return "additive";
  }
  return "unknown";
}

std::string_view name(SparsityKind kind) {
  switch (kind) {
    case SparsityKind::none: return "none";
    case SparsityKind::padded_lists: return "padded_lists";
    case SparsityKind::csr_lists: return "csr_lists";
  }
  return "unknown";
}

int64_t Problem::pages_per_sequence() const { return paged() ? ceil_div(seqlen_kv, page_size) : 0; }

float Problem::scale() const {
  return softmax_scale ? *softmax_scale : static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim_qk)));
}

double Problem::flops() const {
  double pairs = 0;
  if (!varlen) {
    pairs = static_cast<double>(batch) * visible_pairs(*this, seqlen_q, seqlen_kv);
  } else {
    // The lengths are run-time data: count them as equal as the totals allow. At most four distinct pairs of lengths occur.
    const int64_t keys = paged() ? batch * seqlen_kv : total_kv;
    const int64_t longer_q = total_q % batch, longer_kv = keys % batch;
    const auto add = [&](int64_t elements, int64_t extra_q, int64_t extra_kv) {
      if (elements > 0) {
        pairs += static_cast<double>(elements) * visible_pairs(*this, total_q / batch + extra_q, keys / batch + extra_kv);
      }
    };
    add(std::min(longer_q, longer_kv), 1, 1);
    add(longer_q - longer_kv, 1, 0);
    add(longer_kv - longer_q, 0, 1);
    add(batch - std::max(longer_q, longer_kv), 0, 0);
  }
  return 2.0 * pairs * static_cast<double>(heads_q) * static_cast<double>(head_dim_qk + head_dim_v);
}

Result<void> validate(const Problem& p) {
  ATTUNE_CHECK(validate_extents(p));
  if (p.dtype != DType::f32 && p.dtype != DType::f16 && p.dtype != DType::bf16) {
    return invalid(fmt::format("dtype is {}; give fp32, fp16 or bf16.", name(p.dtype)));
  }
  ATTUNE_CHECK(validate_varlen(p));
  ATTUNE_CHECK(validate_pages(p));
  ATTUNE_CHECK(validate_scores(p));
  ATTUNE_CHECK(validate_mask(p));
  ATTUNE_CHECK(validate_sparsity(p));
  if (p.quantization != "none") {
    ATTUNE_TRY(const std::string canonical, canonical_quantization(p.quantization));
    if (p.quantization != canonical) {
      return invalid(fmt::format("quantization is not in its canonical form; give '{}'.", canonical));
    }
  }
  const int64_t width = size_bytes(p.dtype);
  ATTUNE_CHECK(addressable("Q", {p.q_elements(), p.heads_q, p.q_rows(), p.head_dim_qk}, width));
  ATTUNE_CHECK(addressable("K", {p.kv_elements(), p.heads_kv, p.kv_rows(), p.head_dim_qk}, width));
  ATTUNE_CHECK(addressable("V", {p.kv_elements(), p.heads_kv, p.kv_rows(), p.head_dim_v}, width));
  // fp32 partial results of a split launch live in the workspace, so O must be addressable in fp32.
  return addressable("O", {p.batch, p.heads_q, p.seqlen_q, p.head_dim_v}, size_bytes(DType::f32));
}

std::string to_text(const Problem& p) {
  const auto pair = [](int64_t a, int64_t b) { return a == b ? fmt::format("{}", a) : fmt::format("{}/{}", a, b); };
  std::string text = fmt::format("B{} H{} S{}x{} D{} {}", p.batch, pair(p.heads_q, p.heads_kv), p.seqlen_q, p.seqlen_kv,
                                 pair(p.head_dim_qk, p.head_dim_v), name(p.dtype));
  const auto add = [&text](const std::string& word) { text += " " + word; };
  if (p.layout != Layout::bhsd) add(std::string(name(p.layout)));
  if (p.causal) add(fmt::format("causal({})", name(p.alignment)));
  if (p.window_left >= 0 || p.window_right >= 0) add(fmt::format("window({},{})", p.window_left, p.window_right));
  if (!p.causal && p.alignment != Alignment::top_left) add(std::string(name(p.alignment)));
  if (p.softmax_scale) add(fmt::format("scale({})", *p.softmax_scale));
  if (p.softcap > 0) add(fmt::format("softcap({})", p.softcap));
  if (p.sinks) add("sinks");
  if (p.alibi) add("alibi");
  if (p.mask.kind != MaskKind::none) {
    add(fmt::format("mask({} {}x{}x{}x{})", name(p.mask.dtype), p.mask.batch, p.mask.heads, p.mask.seqlen_q,
                    p.mask.seqlen_kv));
  }
  if (p.kv_lengths) add("kv_lengths");
  if (p.varlen) add(fmt::format("varlen({},{})", p.total_q, p.total_kv));
  if (p.paged()) add(fmt::format("paged({},{})", p.page_size, p.page_count));
  if (p.sparsity.kind != SparsityKind::none) {
    const SparsityRequest& s = p.sparsity;
    add(fmt::format("{}({}x{} {} {}x{}{})", name(s.kind), s.block_q, s.block_kv,
                    s.full && s.partial ? "full+partial"
                    : s.full            ? "full"
                                        : "partial",
                    s.batch, s.heads, s.kind == SparsityKind::padded_lists ? fmt::format(" max {}", s.max_blocks) : ""));
  }
  if (p.want_lse) add("lse");
  if (p.quantization != "none") add(fmt::format("quantization({})", p.quantization));
  return text;
}

}  // namespace attune
