// Shapes are exact: padding is part of what the caller gives, so that nothing has to be copied.
#include "cli/given_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/files/tensor_file.hpp"
#include "generator/given_operands.hpp"
#include "generator/quantization_layout.hpp"

namespace attune::cli {
namespace {

Error wrong(std::string message) { return {Status::invalid_argument, std::move(message)}; }

constexpr std::string_view page = "(docs/quantization.md, \"Codes that are given\")";

Result<void> check_scale_option(const std::string& location, std::string_view option, const AttentionRequest& request,
                                bool needed, std::string_view operand, std::string_view word) {
  if (needed == !location.empty()) return {};
  if (needed) {
    return wrong(fmt::format("{}: it is missing; with --quantization {} the codes of {} need a file of fp32 scales {}",
                             option, request.quantization, operand, page));
  }
  return wrong(fmt::format("{}: --quantization {} gives no codes of {}; leave {} out, or add the word {} {}", option,
                           request.quantization, operand, option, word, page));
}

Result<Array> load(const std::string& location, std::string_view role, bool is_int8, bool is_int4) {
  ATTUNE_TRY(auto codes, load_codes(location, role));
  const bool fits = is_int8   ? codes.type == CodeType::int8
                    : is_int4 ? codes.type != CodeType::e4m3
                              : codes.type != CodeType::int8;
  if (fits) return std::move(codes.bytes);
  const std::string_view remedy = is_int8   ? "codes in int8 are saved as int8"
                                  : is_int4 ? "codes in int4 are saved as uint8, two a byte, the lower half first"
                                            : "codes in e4m3 are saved as uint8, bit by bit, or as float8_e4m3fn";
  return wrong(fmt::format("--{}: dtype is {}; {}", role, name(codes.type), remedy));
}

Result<Array> read_scales(const std::string& location, std::string_view role, const std::vector<int64_t>& shape,
                          std::string_view meaning) {
  ATTUNE_TRY(auto scales, load_tensor(location, role));
  if (scales.dtype() != DType::f32) {
    return wrong(fmt::format("--{}: dtype is {}; save scales as float32", role, name(scales.dtype())));
  }
  if (scales.shape() != shape) {
    return wrong(
        fmt::format("--{}: shape {} must be {}, {} {}", role, shape_text(scales.shape()), shape_text(shape), meaning, page));
  }
  const auto* values = scales.as<float>();
  const auto* negative = std::find_if(values, values + scales.count(), [](float scale) { return scale < 0; });
  if (negative != values + scales.count()) {
    return wrong(
        fmt::format("--{}: {} is at position {}, and scales are not negative; turn the signs of its codes, or clear "
                    "what pads a block",
                    role, *negative, negative - values));
  }
  return scales;
}

// [e, Hkv, blocks, Dv, 64]: head_dim_v is nowhere else.
Result<void> read_value_shape(const PaddedRows& rows, AttentionInputs& inputs) {
  Problem& p = inputs.problem;
  const std::vector<int64_t>& shape = inputs.v.shape();
  const int64_t block = QuantizationTiles{}.block_kv;
  std::vector<int64_t> wanted{rows.kv_heads / p.heads_kv, p.heads_kv, rows.kv_rows / block, 0, block};
  if (shape.size() == wanted.size()) wanted[3] = shape[3];
  if (shape != wanted) {
    return wrong(fmt::format("--v: shape {} must be [{}, {}, {}, Dv, {}]: codes of V are given in blocks of {} keys {}",
                             shape_text(shape), wanted[0], wanted[1], wanted[2], block, block, page));
  }
  p.head_dim_v = shape[3];
  return {};
}

}  // namespace

Result<void> check_given_options(const AttentionRequest& request, const Quantization& given) {
  ATTUNE_CHECK(check_scale_option(request.q_scales, "--q-scales", request, given.given_qk(), "Q and K", "given-qk"));
  ATTUNE_CHECK(check_scale_option(request.k_scales, "--k-scales", request, given.given_qk(), "Q and K", "given-qk"));
  ATTUNE_CHECK(check_scale_option(request.v_scales, "--v-scales", request, given.given_v(), "V", "given-v"));
  const bool typeless = given.given == Given::qkv;
  if (typeless && request.dtype.empty()) {
    return wrong(
        fmt::format("--dtype: it is missing; with --quantization {} no file says what type O has, so give fp32, "
                    "fp16 or bf16",
                    request.quantization));
  }
  if (!typeless && !request.dtype.empty()) {
    return wrong(fmt::format("--dtype: O has the type of {}; leave --dtype out", given.given_qk() ? "V" : "Q"));
  }
  return {};
}

Result<Array> load_qk_codes(const std::string& location, std::string_view role, QkOperand format) {
  return load(location, role, format == QkOperand::int8, format == QkOperand::int4);
}

Result<Array> load_v_codes(const std::string& location, PvOperand format) {
  return load(location, "v", format == PvOperand::int8, false);
}

Result<void> read_given(const AttentionRequest& request, const Quantization& given, AttentionInputs& inputs) {
  if (given.given == Given::none) return {};
  Problem& p = inputs.problem;
  if (p.heads_q <= 0 || p.heads_kv <= 0) return wrong("--q and --k: they have no heads; give at least one of each");
  ATTUNE_CHECK(validate_given(p, given));
  const PaddedRows rows(p, given.granularity);
  if (given.given_qk()) {
    const bool by_tensor = given.granularity == Granularity::tensor;
    const auto shape = [&](int64_t heads, int64_t all_heads, int64_t groups) {
      return by_tensor ? std::vector<int64_t>{p.batch, heads} : std::vector<int64_t>{all_heads / heads, heads, groups};
    };
    const std::string_view q_meaning = by_tensor ? "a scale a head" : "the scale groups of each head of Q",
                           k_meaning = by_tensor ? "a scale a head" : "the scale groups of each head of K";
    ATTUNE_TRY(inputs.q_scales,
               read_scales(request.q_scales, "q-scales", shape(p.heads_q, rows.q_heads, rows.q_groups), q_meaning));
    ATTUNE_TRY(inputs.k_scales,
               read_scales(request.k_scales, "k-scales", shape(p.heads_kv, rows.kv_heads, rows.k_groups), k_meaning));
  }
  if (!given.given_v()) return {};
  ATTUNE_CHECK(read_value_shape(rows, inputs));
  ATTUNE_TRY(inputs.v_scales,
             read_scales(request.v_scales, "v-scales", {p.batch, p.heads_kv, p.head_dim_v}, "a scale a channel"));
  return {};
}

}  // namespace attune::cli
