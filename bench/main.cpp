// Registers and runs the benchmarks. Options are Google Benchmark's: --benchmark_filter=..., --benchmark_format=json.
#include <benchmark/benchmark.h>

#include "bench/registry.hpp"
#include "common/log.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  attune::set_log_level(attune::LogLevel::error);
  attune::bench::register_plan_cache();
  attune::bench::register_kernel_cache();
  attune::bench::register_launch();
  attune::bench::register_configs();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
