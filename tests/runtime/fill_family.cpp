// The smallest family that still compiles, runs and can fail in every way the planner must survive.
#include "tests/runtime/fill_family.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace attune::test {

Result<void> FillFamily::supports(const Problem& problem, const DeviceClass&) const {
  if (problem.dtype != DType::f32) return Error(Status::unsupported, "dtype is not fp32: use fp32.");
  if (problem.quantization != "none" && !quantizations.contains(problem.quantization)) {
    return Error(Status::unsupported, fmt::format("quantization {} is not filled: use none.", problem.quantization));
  }
  if (problem.layout != Layout::bhsd) return Error(Status::unsupported, "layout is not bhsd: use bhsd.");
  return {};
}

Spec FillFamily::spec(const Problem& problem, const DeviceClass& device) const {
  Spec result("fill", version(), device.arch);
  result.set("head_dim_v", problem.head_dim_v);
  if (problem.quantization != "none") result.set("quantization", problem.quantization);
  return result;
}

std::string FillFamily::shape_bucket(const Problem& problem) const {
  return fmt::format("q{}", std::bit_floor(static_cast<uint64_t>(problem.seqlen_q)));
}

Space FillFamily::space(const Spec&, const Problem& problem, const DeviceClass&) const {
  return Space({{"scratch", {0, 4096}, "Bytes of scratch."}, {"value", {1, 2, 4, 8, 16, 32, 64}, "What is written."}},
               {*Expression::parse("value <= max(seqlen_q, 1)")}, Config().set("seqlen_q", problem.seqlen_q));
}

Config FillFamily::heuristic(const Spec&, const Problem&, const DeviceClass&) const { return fill_config(heuristic_value); }

Result<Source> FillFamily::emit(const Spec& spec, const Config& config) const {
  emissions.fetch_add(1);
  Source source;
  source.entries = {"fill"};
  source.text = fill_ir("fill", spec.number("head_dim_v"), static_cast<double>(config.at("value")));
  if (config.at("scratch") != 0) source.text += "; with scratch\n";
  if (spec.values().contains("quantization")) source.text += "; " + spec.text("quantization") + "\n";
  if (broken_values.contains(config.at("value"))) source.text += "this is not IR\n";
  return source;
}

std::vector<Launch> FillFamily::launches(const Problem& problem, const Config& config, const DeviceClass&) const {
  Launch launch;
  launch.entry = "fill";
  launch.grid = {problem.seqlen_q, problem.heads_q, problem.batch};
  launch.scratch_bytes = config.at("scratch");
  launch.grain = 3;
  return {launch};
}

int64_t FillFamily::workspace_bytes(const Problem&, const Config& config, const DeviceClass&) const {
  return config.at("scratch") != 0 ? 128 : 0;
}

void FillFamily::bind(const Problem&, const Config&, const DeviceClass&, const Tensors& tensors, void*,
                      ArgumentBlock& arguments) const {
  std::memcpy(arguments.bytes.data(), &tensors.o.data, sizeof(void*));
  arguments.used_bytes = sizeof(void*);
}

Config fill_config(int64_t value, int64_t scratch) { return Config().set("value", value).set("scratch", scratch); }

Problem fill_problem(int64_t seqlen_q, int64_t heads) {
  Problem problem;
  problem.heads_q = heads;
  problem.heads_kv = heads;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = 16;
  problem.head_dim_qk = 8;
  problem.head_dim_v = 8;
  return problem;
}

FillTensors::FillTensors(const Problem& p) {
  const auto view = [&](std::vector<float>& data, int64_t heads, int64_t rows, int64_t columns) {
    data.assign(static_cast<size_t>(p.batch * heads * rows * columns), 0.0F);
    return TensorView{data.data(), heads * rows * columns, rows * columns, columns};
  };
  tensors.q = view(q, p.heads_q, p.seqlen_q, p.head_dim_qk);
  tensors.k = view(k, p.heads_kv, p.seqlen_kv, p.head_dim_qk);
  tensors.v = view(v, p.heads_kv, p.seqlen_kv, p.head_dim_v);
  tensors.o = view(o, p.heads_q, p.seqlen_q, p.head_dim_v);
}

bool FillTensors::all(float value) const {
  return std::all_of(o.begin(), o.end(), [&](float element) { return element == value; });
}

std::string fill_ir(std::string_view entry, int64_t columns, double value) {
  return fmt::format(R"(; fill {1} columns with {2}
define void @{0}(ptr %arguments, i64 %begin, i64 %end, ptr %scratch) {{
entry:
  %out = load ptr, ptr %arguments
  %first = mul i64 %begin, {1}
  %last = mul i64 %end, {1}
  %any = icmp slt i64 %first, %last
  br i1 %any, label %loop, label %done
loop:
  %i = phi i64 [ %first, %entry ], [ %next, %loop ]
  %element = getelementptr float, ptr %out, i64 %i
  store float {2:e}, ptr %element
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %last
  br i1 %more, label %loop, label %done
done:
  ret void
}}
)",
                     entry, columns, value);
}

}  // namespace attune::test
