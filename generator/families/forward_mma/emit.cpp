// The translation unit of forward_mma: constants, then templates.
#include <fmt/format.h>

#include "generator/cuda/arch.hpp"
#include "generator/cuda/compose.hpp"
#include "generator/families/forward_mma/forward_mma.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/quantizers.hpp"

namespace attune::forward_mma {
namespace {

std::string constants(const Spec& spec, const Quantization& request, const Config& config) {
  cuda::Constants c;
  c.open("spec");
  for (const char* name : {"head_dim_qk", "head_dim_v", "group", "page_size"}) c.number(name, spec.number(name));
  for (const char* name : {"causal", "window_left", "window_right", "softcap", "alibi", "sinks", "lse", "kv_lengths",
                           "varlen", "positive_scale", "mask_broadcast_kv", "mask_short"}) {
    c.flag(name, spec.flag(name));
  }
  c.flag("bottom_right", spec.text("alignment") == "bottom_right");
  c.choice("Mask", "none, boolean, fp32, fp16, bf16", "mask",
           spec.text("mask") == "additive" ? spec.text("mask_dtype") : spec.text("mask"));
  c.choice("Lists", "none, padded, csr", "lists", spec.text("sparsity"));
  if (spec.text("sparsity") != "none") {
    c.flag("full_lists", spec.flag("full_lists")).flag("partial_lists", spec.flag("partial_lists"));
  }
  c.flag("quantized", !request.none());
  c.close().open("config");
  for (const char* name :
       {"block_m", "block_n", "warps", "stages", "splits", "v_splits", "rescale_threshold", "min_blocks", "qk_unroll"}) {
    c.number(name, config.at(name));
  }
  for (const char* name : {"q_in_registers", "peel", "reverse", "pack_gqa"}) c.flag(name, config.at(name) != 0);
  c.number("shared_bytes", Tiles(spec.number("head_dim_qk"), spec.number("head_dim_v"), request, config).shared_bytes);
  return c.close().text();
}

std::string_view qk_template(const Quantization& request) {
  switch (request.qk) {
    case QkOperand::input: return "qk_input.cuh";
    case QkOperand::int8: return "qk_int8.cuh";
    case QkOperand::int4: return "qk_int4.cuh";
    case QkOperand::e4m3: return "qk_e4m3.cuh";
  }
  return {};
}

std::string_view pv_template(const Quantization& request) {
  switch (request.pv) {
    case PvOperand::input: return request.accumulator == PvAccumulator::f16 ? "pv_fp16_sums.cuh" : "pv_input.cuh";
    case PvOperand::e4m3: return "pv_e4m3.cuh";
    case PvOperand::int8: return "pv_int8.cuh";
  }
  return {};
}

}  // namespace

Result<Source> ForwardMma::emit(const Spec& spec, const Config& config) const {
  cuda::Composition composition;
  composition.header =
      fmt::format("Attune forward_mma version {}: attention forward by mma.sync.\narch: {}\nspec: {}\nconfig: {}\n",
                  version(), spec.arch(), spec.to_text(), config.to_text());
  const Quantization request = quantization_of(spec.has("quantization") ? spec.text("quantization") : "none");
  composition.constants = constants(spec, request, config);
  composition.choices["element.cuh"] = fmt::format("element_{}.cuh", spec.text("dtype"));
  composition.choices["kv_tiles.cuh"] = spec.text("sparsity") == "none" ? "kv_dense.cuh" : "kv_lists.cuh";
  composition.choices["qk.cuh"] = qk_template(request);
  composition.choices["pv.cuh"] = pv_template(request);
  const auto arch = cuda::find_arch(spec.arch());
  composition.choices["e4m3_products.cuh"] =
      arch.ok() && !arch->e4m3_mma ? "e4m3_products_by_fp16.cuh" : "e4m3_products_native.cuh";
  composition.roots = {"sample_constants.cuh"};
  if (!request.none()) {
    composition.choices["kernel_arguments.cuh"] = "quantized_arguments.cuh";
    if (!request.own().none()) composition.choices["code_poison.cuh"] = "code_poison_flags.cuh";
    composition.quantization = quantization_constants(spec.number("head_dim_qk"), request);
  }
  composition.roots.emplace_back("forward_mma.cuh");
  if (config.at("splits") > 1) composition.roots.emplace_back("combine.cuh");
  Source source;
  source.kind = SourceKind::cuda_cpp;
  ATTUNE_TRY(source.text, cuda::compose(composition));
  source.target_cpu = spec.arch();
  source.entries = {"attune_forward"};
  if (config.at("splits") > 1) source.entries.emplace_back("attune_combine");
  if (!request.own().none()) {
    ATTUNE_TRY(source.before, quantizer_sources(spec, request.own()));
  }
  return source;
}

}  // namespace attune::forward_mma
