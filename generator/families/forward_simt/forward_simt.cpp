#include "generator/families/forward_simt/forward_simt.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>

#include "common/arithmetic.hpp"
#include "generator/families/attention_spec.hpp"
#include "generator/families/forward_simt/emitter.hpp"
#include "generator/families/gpu_arguments.hpp"

namespace attune::forward_simt {
namespace {

constexpr int64_t most_blocks = std::numeric_limits<int32_t>::max();  // of a grid, along x
constexpr int64_t most_warps = 8;

// 90 of "sm_90a"; 0 of what is no GPU.
int compute_capability(std::string_view arch) {
  int number = 0;
  if (arch.starts_with("sm_")) std::from_chars(arch.data() + 3, arch.data() + arch.size(), number);
  return number;
}

// CTAs of a launch; beyond 63 bits it is as good as too many.
int64_t blocks(const Problem& problem, int64_t warps) {
  int64_t count = 0;
  const bool overflows = __builtin_mul_overflow(problem.batch, problem.heads_q, &count) ||
                         __builtin_mul_overflow(count, ceil_div(problem.seqlen_q, warps), &count);
  return overflows ? std::numeric_limits<int64_t>::max() : count;
}

std::vector<Expression> parse_all(std::initializer_list<std::string_view> texts) {
  std::vector<Expression> expressions;
  for (const std::string_view text : texts) {
    auto expression = Expression::parse(text);
    if (expression.ok()) expressions.push_back(*std::move(expression));
  }
  return expressions;
}

}  // namespace

Result<void> ForwardSimt::supports(const Problem& problem, const DeviceClass& device) const {
  auto no = [](std::string text) { return Error(Status::unsupported, std::move(text)); };
  if (device.kind != "cuda" && device.kind != "emulated") {
    return no("forward_simt runs on GPUs and emulated GPUs only. Choose `--device cuda:0` or `--device emulated:sm_90`.");
  }
  if (compute_capability(device.arch) < 80) {
    return no(fmt::format("forward_simt needs sm_80 or newer, and this device is {}. Choose `--device cpu`.", device.arch));
  }
  if (problem.quantization != "none") {
    return no(fmt::format("quantization `{}` is not available in forward_simt. Use `none`.", problem.quantization));
  }
  if (problem.dtype != DType::f32 && problem.dtype != DType::f16 && problem.dtype != DType::bf16) {
    return no(fmt::format("dtype {} is not an attention type. Use fp32, fp16 or bf16.", attune::name(problem.dtype)));
  }
  ATTUNE_CHECK(check_gpu_lengths(problem));
  if (blocks(problem, most_warps) > most_blocks) {
    return no(
        fmt::format("batch * heads_q * seqlen_q is {} * {} * {}, more rows than one launch of forward_simt has CTAs "
                    "for. Split the problem along batch.",
                    problem.batch, problem.heads_q, problem.seqlen_q));
  }
  return {};
}

Spec ForwardSimt::spec(const Problem& problem, const DeviceClass& device) const {
  Spec spec(std::string(name()), version(), device.arch);
  set_attention_features(problem, spec);
  spec.set("page_size", problem.page_size);
  return spec;
}

std::string ForwardSimt::shape_bucket(const Problem& problem) const { return attention_bucket(problem, problem.heads_q); }

Space ForwardSimt::space(const Spec&, const Problem& problem, const DeviceClass&) const {
  Config constants;
  constants.set("rows", problem.seqlen_q)
      .set("heads", problem.batch * problem.heads_q)
      .set("seqlen_kv", problem.seqlen_kv)
      .set("most_blocks", most_blocks);
  std::vector<Tunable> tunables = {
      {"warps", {1, 2, 4, most_warps}, "Warps of a CTA; each works on one query row."},
      {"keys", {32, 64, 128}, "Keys of a tile: one step of the online softmax, one to four dot products a lane."},
  };
  return {std::move(tunables),
          parse_all({"warps == 1 || warps < 2 * rows || heads * rows > most_blocks", "keys == 32 || keys < 2 * seqlen_kv",
                     "ceil_div(rows, warps) <= most_blocks / heads"}),
          std::move(constants)};
}

Config ForwardSimt::heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const {
  // Four rows share the L1 lines of the keys they read together; longer tiles pay one reduction for more keys.
  const Space all = space(spec, problem, device);
  for (const int64_t warps : {4, 2, 1, 8}) {
    for (const int64_t keys : {64, 32}) {
      const Config config = Config().set("warps", warps).set("keys", keys);
      if (all.contains(config)) return config;
    }
  }
  return Config().set("warps", most_warps).set("keys", 32);
}

Result<Source> ForwardSimt::emit(const Spec& spec, const Config& config) const {
  Emitter emitter{Shape(spec, config)};
  Source source;
  source.kind = SourceKind::llvm_ir;
  source.text = fmt::format(
      "; Attune forward_simt version {}: attention forward on a GPU, one warp a query row.\n; arch: {}\n; spec: {}\n"
      "; config: {}\n{}",
      version(), spec.arch(), spec.to_text(), config.to_text(), emitter.emit());
  source.target_cpu = spec.arch();
  source.entries = {std::string(entry_name)};
  return source;
}

std::vector<Launch> ForwardSimt::launches(const Problem& problem, const Config& config, const DeviceClass&) const {
  Launch forward;
  forward.entry = entry_name;
  forward.grid = {blocks(problem, config.at("warps")), 1, 1};
  forward.block = {32 * config.at("warps"), 1, 1};
  return {forward};
}

void ForwardSimt::bind(const Problem& problem, const Config& config, const DeviceClass&, const Tensors& tensors, void*,
                       ArgumentBlock& block) const {
  static_assert(sizeof(GpuArguments) <= ArgumentBlock::capacity_bytes);
  GpuArguments arguments = gpu_arguments(problem, tensors);
  arguments.row_blocks = static_cast<int32_t>(ceil_div(problem.seqlen_q, config.at("warps")));
  std::memcpy(block.bytes.data(), &arguments, sizeof arguments);
  block.used_bytes = sizeof arguments;
}

}  // namespace attune::forward_simt
