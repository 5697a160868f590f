// attune_emit_for ARCH QUANTIZATION [NAME=VALUE...]: the assembly of forward_cpu for an instruction set that this machine
// may lack: 8 heads of 4096 tokens, D 128, bf16, the heuristic's config with these values. bench/cpu_static.py reads it.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "generator/family.hpp"
#include "generator/quantization.hpp"
#include "runtime/llvm_compiler.hpp"

namespace attune {
namespace {

Result<std::string> assembly(int argc, char** argv) {
  if (argc < 3)
    return Error(Status::invalid_argument, "attune_emit_for needs ARCH and QUANTIZATION. Try `x86-64-avx2 none`.");
  DeviceClass device;
  device.kind = device.name = "cpu";
  device.arch = argv[1];
  device.compute_units = 8;
  device.l2_bytes = 1 << 20;
  Problem problem;
  problem.heads_q = problem.heads_kv = 8;
  problem.seqlen_q = problem.seqlen_kv = 4096;
  problem.head_dim_qk = problem.head_dim_v = 128;
  problem.dtype = DType::bf16;
  problem.quantization = argv[2];
  if (problem.quantization != "none") {
    ATTUNE_TRY(const auto request, parse_quantization(argv[2]));
    problem.quantization = to_text(request);
  }
  const Family& family = *find_family("forward_cpu");
  ATTUNE_CHECK(family.supports(problem, device));
  const Spec spec = family.spec(problem, device);
  Config config = family.heuristic(spec, problem, device);
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    const size_t equals = std::min(word.find('='), word.size());
    int64_t value = 0;
    const char* const digits = word.data() + std::min(equals + 1, word.size());
    if (std::from_chars(digits, word.data() + word.size(), value).ec != std::errc()) {
      return Error(Status::invalid_argument, fmt::format("{}: no whole number. Write block_n=128.", word));
    }
    config.set(std::string(word.substr(0, equals)), value);
  }
  if (const auto violated = family.space(spec, problem, device).violation(config)) {
    return Error(Status::invalid_argument, fmt::format("config {}: {}. Choose another.", config.to_text(), *violated));
  }
  ATTUNE_TRY(const Source source, family.emit(spec, config));
  ATTUNE_TRY(const std::string text, runtime::LlvmCompiler().assembly(source));
  return fmt::format("# config: {}\n{}", config.to_text(), text);
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  const auto text = attune::assembly(argc, argv);
  if (!text.ok()) {
    fmt::print(stderr, "{}\n", text.error().message());
    return 1;
  }
  fmt::print("{}", *text);
}
