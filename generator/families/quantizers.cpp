#include "generator/families/quantizers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/arithmetic.hpp"
#include "generator/cuda/compose.hpp"
#include "generator/families/quantized_arguments.hpp"
#include "generator/quantization_layout.hpp"

namespace attune {
namespace {

// As templates/quantize_sequence.cuh, quantize_values.cuh and delta_scores.cuh have them.
constexpr int64_t threads = 256, rows_of_cta = 128, tokens_of_cta = 256, delta_tile = 64;

bool by_tensor(const Quantization& request) { return request.quantizes_qk() && request.granularity == Granularity::tensor; }
bool has_sinks(const Quantization& request) { return request.k_smoothing == KSmoothing::sink_mean; }

Launch launch(std::string_view entry, int64_t ctas) {
  Launch launch;
  launch.entry = entry;
  launch.grid = {std::max<int64_t>(ctas, 1), 1, 1};
  launch.block = {threads, 1, 1};
  return launch;
}

std::string_view qk_name(QkOperand operand) {
  switch (operand) {
    case QkOperand::input: return "input";
    case QkOperand::int8: return "int8";
    case QkOperand::int4: return "int4";
    case QkOperand::e4m3: return "e4m3";
  }
  return "";
}

std::string_view pv_name(PvOperand operand) {
  switch (operand) {
    case PvOperand::input: return "input";
    case PvOperand::e4m3: return "e4m3";
    case PvOperand::int8: return "int8";
  }
  return "";
}

std::string_view scales_name(ScaleConvention convention) {
  switch (convention) {
    case ScaleConvention::safe: return "safe";
    case ScaleConvention::reciprocal: return "reciprocal";
    case ScaleConvention::divided: return "divided";
  }
  return "";
}

}  // namespace

std::vector<Launch> quantizer_launches(const Problem& problem, const Quantization& request) {
  const bool safe = request.scales == ScaleConvention::safe, codes = request.quantizes_qk(),
             q_mean = request.q_smoothing != QSmoothing::none;
  const int64_t sequences = problem.batch * problem.heads_kv, chunks = sequences * key_chunks(problem).count;
  const int64_t query_blocks = problem.batch * problem.heads_q * ceil_div(problem.seqlen_q, rows_of_cta);
  const bool k_statistics =
      codes && (request.k_smoothing != KSmoothing::none || (by_tensor(request) && !has_sinks(request)));
  const bool v_statistics =
      keeps_v(request) && (request.v_smoothing != VSmoothing::none || request.pv != PvOperand::input || safe);
  const bool q_statistics = codes && (q_mean || by_tensor(request));

  std::vector<Launch> launches;
  // Also where there is nothing to count: it clears the flags that the last launch may set.
  launches.push_back(launch("attune_statistics",
                            (k_statistics ? chunks : 0) + (v_statistics ? chunks : 0) + (q_statistics ? query_blocks : 0)));
  if (has_sinks(request)) launches.push_back(launch("attune_find_sinks", chunks));
  if (has_sinks(request) && by_tensor(request)) launches.push_back(launch("attune_key_magnitudes", chunks));

  const auto parts = [&](int64_t keys) { return sequences * std::max<int64_t>(ceil_div(problem.seqlen_kv, keys), 1); };
  int64_t ctas = keeps_v(request) ? parts(tokens_of_cta) : 0;
  if (codes) ctas += parts(rows_of_cta) + query_blocks;
  if (codes && q_mean) {
    const int64_t blocks = ceil_div(problem.seqlen_q, rows_of_cta) * problem.group();
    ctas += sequences * ceil_div(blocks, delta_tile) * ceil_div(problem.seqlen_kv, delta_tile);
  }
  launches.push_back(launch("attune_quantize", ctas));
  return launches;
}

Result<std::vector<Source>> quantizer_sources(const Spec& spec, const Quantization& request) {
  cuda::Constants constants;
  // Not every kernel asks for every one of them.
  constants.line("#pragma nv_diagnostic push").line("#pragma nv_diag_suppress 177");
  constants.open("spec");
  for (const char* name : {"head_dim_qk", "head_dim_v", "group"}) constants.number(name, spec.number(name));
  for (const char* name : {"kv_lengths", "varlen"}) constants.flag(name, spec.flag(name));
  constants.number("page_size", spec.number("page_size")).close();
  constants.line("#pragma nv_diagnostic pop");

  cuda::Composition composition;
  composition.header =
      fmt::format("Attune quantizers of Q, K and V.\narch: {}\nquantization: {}\n", spec.arch(), to_text(request));
  composition.constants = constants.text();
  composition.quantization = quantization_constants(spec.number("head_dim_qk"), request);
  composition.choices["element.cuh"] = fmt::format("element_{}.cuh", spec.text("dtype"));
  composition.choices["kernel_arguments.cuh"] = "quantized_arguments.cuh";

  std::vector<Source> sources;
  const auto add = [&](const char* root, const char* entry) -> Result<void> {
    composition.roots = {"sample_constants.cuh", root};
    Source source;
    source.kind = SourceKind::cuda_cpp;
    source.target_cpu = spec.arch();
    source.entries = {entry};
    ATTUNE_TRY(source.text, cuda::compose(composition));
    sources.push_back(std::move(source));
    return {};
  };
  ATTUNE_CHECK(add("quantize_statistics.cuh", "attune_statistics"));
  if (has_sinks(request)) ATTUNE_CHECK(add("find_sinks.cuh", "attune_find_sinks"));
  if (has_sinks(request) && by_tensor(request)) ATTUNE_CHECK(add("key_magnitudes.cuh", "attune_key_magnitudes"));
  ATTUNE_CHECK(add("quantize.cuh", "attune_quantize"));
  return sources;
}

std::string quantization_constants(int64_t head_dim_qk, const Quantization& request) {
  cuda::Constants constants;
  const QuantizationTiles tiles;
  const ScaleGroups q = q_scale_groups(request.granularity, tiles), k = k_scale_groups(request.granularity, tiles);
  // Not every kernel asks for every one of them.
  constants.line("#pragma nv_diagnostic push").line("#pragma nv_diag_suppress 177");
  constants.open("quant")
      .choice("Qk", "input, int8, int4, e4m3", "qk", qk_name(request.qk))
      .choice("Pv", "input, e4m3, int8", "pv", pv_name(request.pv))
      .choice("Scales", "safe, reciprocal, divided", "scales", scales_name(request.scales))
      .flag("k_mean", request.k_smoothing != KSmoothing::none)
      .flag("k_sink", has_sinks(request))
      .flag("q_mean", request.q_smoothing != QSmoothing::none)
      .flag("v_mean", request.v_smoothing != VSmoothing::none)
      .flag("f16_sums", request.accumulator == PvAccumulator::f16)
      .flag("keeps_v", keeps_v(request))
      .flag("given_qk", request.given_qk())
      .flag("given_v", request.given_v())
      .number("flush_keys", request.flush_keys)
      .number("block_q", tiles.block_q)
      .number("block_kv", tiles.block_kv)
      .number("q_segment_rows", q.segment_rows)
      .number("q_segment_groups", q.groups_per_segment)
      .number("q_rows_per_lane", q.rows_per_lane)
      .number("k_segment_rows", k.segment_rows)
      .number("k_segment_groups", k.groups_per_segment)
      .number("k_rows_per_lane", k.rows_per_lane)
      .number("qk_bits", code_bits(request.qk))
      .number("row_bytes", code_row_bytes(request.qk, head_dim_qk))
      .number("max_sink_keys", max_sink_keys)
      .real("qk_target", request.qk_target())
      .real("v_target", request.v_target())
      .real("sink_ratio", sink_ratio)
      .close()
      .line("#pragma nv_diagnostic pop");
  return constants.text();
}

}  // namespace attune
