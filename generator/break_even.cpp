// Peak rates by architecture, and the bytes of the quantizers.
#include "generator/break_even.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "generator/quantization_layout.hpp"

namespace attune {
namespace {

// Operations (a multiplication and an addition are two) and bytes of device memory, a clock and SM or core: the vendors'
// peak rates of a well-known part of each architecture over its SMs and boost clock. 0: no such instruction. e4m3 has the
// rates of fp16 where mma.sync multiplies it as fp16 (templates/e4m3_products_by_fp16.cuh).
struct Rates {
  int number;  // of the architecture
  double f32, f16, f16_in_f16, int8, int4, e4m3, e4m3_in_f16, bytes;
};
constexpr Rates gpu_rates[] = {
    {80, 256, 2048, 2048, 4096, 8192, 0, 0, 13},       // A100
    {86, 256, 512, 1024, 2048, 4096, 0, 0, 7},         // RTX 3090
    {87, 256, 512, 1024, 2048, 4096, 0, 0, 9},         // Orin
    {89, 256, 512, 1024, 2048, 4096, 1024, 2048, 3},   // RTX 4090
    {90, 256, 4096, 4096, 8192, 0, 4096, 4096, 15},    // H100
    {100, 256, 8192, 8192, 16384, 0, 8192, 8192, 28},  // B200
    {103, 256, 8192, 8192, 256, 0, 8192, 8192, 26},    // B300
    {120, 256, 512, 1024, 2048, 0, 1024, 2048, 4},     // RTX 5090
    {121, 256, 512, 1024, 2048, 0, 1024, 2048, 2},     // GB10
};
// Cores without these formats convert P and V, and round fp16 sums, by plain instructions.
constexpr Rates cpu_with_dot_products = {0, 64, 128, 16, 256, 256, 32, 16, 4};
constexpr Rates cpu_with_byte_products = {0, 64, 64, 16, 256, 256, 32, 16, 4},
                cpu_with_short_byte_products = {0, 32, 32, 8, 128, 128, 16, 8, 4};
constexpr Rates cpu_plain = {0, 32, 32, 8, 32, 32, 16, 8, 4};

constexpr double launch_cycles = 4000;  // of a launch that waits for its predecessor: some 2 us

Rates cpu_rates(std::string_view arch) {
  if (arch.ends_with("avx512bf16")) return cpu_with_dot_products;
  if (arch.ends_with("avx512vnni")) return cpu_with_byte_products;
  return arch.ends_with("avxvnni") ? cpu_with_short_byte_products : cpu_plain;
}

Rates rates_of(const DeviceClass& device) {
  if (device.kind == "cpu") return cpu_rates(device.arch);
  int number = 0;
  const size_t digits = device.arch.find_first_of("0123456789");
  if (digits != std::string::npos) {
    std::from_chars(device.arch.data() + digits, device.arch.data() + device.arch.size(), number);
  }
  // An architecture that is not listed has the rates of the one before it.
  const Rates* found = std::begin(gpu_rates);
  for (const Rates& rates : gpu_rates) {
    if (rates.number <= number) found = &rates;
  }
  return *found;
}

double or_plain(double rate, const Rates& rates) { return rate > 0 ? rate : rates.f32 / 4; }

double qk_rate(const Problem& problem, const Quantization& request, const Rates& rates) {
  switch (request.qk) {
    case QkOperand::input: return problem.dtype == DType::f32 ? rates.f32 : rates.f16;
    case QkOperand::int8: return or_plain(rates.int8, rates);
    case QkOperand::int4: return or_plain(rates.int4, rates);
    case QkOperand::e4m3: return or_plain(rates.e4m3, rates);
  }
  return rates.f32;
}

double pv_rate(const Problem& problem, const Quantization& request, const Rates& rates) {
  const bool half = request.accumulator == PvAccumulator::f16;
  switch (request.pv) {
    case PvOperand::input: return half ? rates.f16_in_f16 : problem.dtype == DType::f32 ? rates.f32 : rates.f16;
    case PvOperand::e4m3: return or_plain(half ? rates.e4m3_in_f16 : rates.e4m3, rates);
    case PvOperand::int8: return or_plain(rates.int8, rates);
  }
  return rates.f32;
}

struct Elements {
  double q, k, v;
};
Elements elements(const Problem& p) {
  const auto count = [](int64_t outer, int64_t heads, int64_t rows, int64_t columns) {
    return static_cast<double>(outer) * static_cast<double>(heads) * static_cast<double>(rows) *
           static_cast<double>(columns);
  };
  // Paged: what the sequences have, not the pool.
  const int64_t outer = p.paged() ? p.batch : p.kv_elements(), rows = p.paged() ? p.seqlen_kv : p.kv_rows();
  return {count(p.q_elements(), p.heads_q, p.q_rows(), p.head_dim_qk), count(outer, p.heads_kv, rows, p.head_dim_qk),
          count(outer, p.heads_kv, rows, p.head_dim_v)};
}

double code_bytes(QkOperand operand, double of_input) {
  return operand == QkOperand::input ? of_input : operand == QkOperand::int4 ? 0.5 : 1;
}

}  // namespace

CycleEstimate estimate_cycles(const Problem& problem, const Quantization& request, const DeviceClass& device) {
  const Rates rates = rates_of(device);
  const auto units = static_cast<double>(std::max<int64_t>(1, device.compute_units));
  const auto d_qk = static_cast<double>(problem.head_dim_qk), d_v = static_cast<double>(problem.head_dim_v);
  const double pairs = problem.flops() / (2 * (d_qk + d_v));
  const auto input = static_cast<double>(size_bytes(problem.dtype));
  const Elements n = elements(problem);
  const bool quantizes_v = request.pv != PvOperand::input;

  CycleEstimate estimate;
  const double products = 2 * pairs * (d_qk / qk_rate(problem, request, rates) + d_v / pv_rate(problem, request, rates));
  const double v_code = quantizes_v ? 1 : input;
  const double reading = (n.q + n.k) * code_bytes(request.qk, input) + n.v * v_code;
  estimate.attention = std::max(products, reading / rates.bytes) / units;
  if (request.none()) return estimate;

  // Means and the largest of a channel need a pass of their own before the codes can be written.
  double bytes = 0, launches = 1;
  if (request.quantizes_qk()) {
    const double k_passes = request.k_smoothing != KSmoothing::none || request.granularity == Granularity::tensor ? 2 : 1;
    const double q_passes = request.granularity == Granularity::tensor ? 2 : 1;
    bytes +=
        n.q * (q_passes * input + code_bytes(request.qk, input)) + n.k * (k_passes * input + code_bytes(request.qk, input));
    if (k_passes > 1) launches = 2;
    if (request.k_smoothing == KSmoothing::sink_mean) launches = 3;
  }
  if (quantizes_v || request.accumulator == PvAccumulator::f16) {
    bytes += n.v * (2 * input + v_code);
    launches = std::max(launches, 2.0);
  }
  estimate.quantizers = bytes / rates.bytes / units + launches * launch_cycles;
  if (request.q_smoothing != QSmoothing::none) {
    // A dot product a key for each block of queries.
    const int64_t block = QuantizationTiles{}.block_q, rows = std::max<int64_t>(1, problem.seqlen_q);
    const double share = static_cast<double>((rows + block - 1) / block) / static_cast<double>(rows);
    estimate.quantizers += 2 * pairs * share * d_qk / rates.f32 / units;
  }
  return estimate;
}

std::vector<size_t> rank_by_estimate(const Problem& problem, std::span<const Quantization> requests,
                                     const DeviceClass& device) {
  std::vector<double> cycles;
  double unquantized = 0;
  for (const Quantization& request : requests) {
    cycles.push_back(estimate_cycles(problem, request, device).total());
    if (request.none()) unquantized = cycles.back();
  }
  std::vector<size_t> order;
  std::vector<size_t> left(requests.size());
  std::iota(left.begin(), left.end(), size_t{0});
  while (!left.empty()) {
    size_t best = left.front();
    for (const size_t at : left) best = cycles[at] < cycles[best] ? at : best;
    const double least = cycles[best];
    for (const size_t at : left) {
      if (cycles[at] * quantization_margin <= least) best = std::max(best, at);
    }
    const auto none = std::find_if(left.begin(), left.end(), [&](size_t at) { return requests[at].none(); });
    if (none != left.end() && cycles[best] > quantization_margin * unquantized) best = *none;
    order.push_back(best);
    std::erase(left, best);
  }
  return order;
}

std::string explain_estimate(const Problem& problem, const Quantization& chosen, const Quantization& best_quantized,
                             const DeviceClass& device) {
  const CycleEstimate without = estimate_cycles(problem, Quantization{}, device);
  const CycleEstimate with = estimate_cycles(problem, best_quantized, device);
  if (chosen.none() && with.attention >= without.attention) {
    return fmt::format(
        "below break-even, unquantized: the products of {} take {:.3g} cycles against {:.3g} without "
        "quantization (estimated from peak rates; nothing is measured)",
        to_text(best_quantized), with.attention, without.attention);
  }
  if (chosen.none()) {
    return fmt::format(
        "below break-even, unquantized: {} would save {:.3g} of {:.3g} cycles and its quantizers take {:.3g} "
        "(estimated from peak rates; nothing is measured)",
        to_text(best_quantized), without.attention - with.attention, without.attention, with.quantizers);
  }
  return fmt::format(
      "{}: {:.2f} of the cycles without quantization, quantizers included (estimated from peak rates; nothing "
      "is measured)",
      to_text(chosen), with.total() / without.total());
}

}  // namespace attune
