// Computed once a workload: the inputs are the same for every candidate.
#include "tuner/device_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/log.hpp"
#include "generator/dtype_codec.hpp"
#include "tuner/validate.hpp"

namespace attune::tuner {
namespace {

constexpr std::string_view reference_family = "forward_simt";

// Some ten seconds on a large GPU.
constexpr double max_flops = 4e13;

double row_gate(DType dtype) { return dtype == DType::f32 ? 2e-3 : dtype == DType::f16 ? 2e-2 : 8e-2; }

// Sum of |result - reference| over sum of |reference| of one row; infinite where only one of the two is a number. Elements
// whose reference is none are those that nobody writes.
double relative_l1(DType dtype, const void* result, const void* reference, int64_t first, int64_t columns) {
  double error = 0, magnitude = 0;
  for (int64_t d = first; d < first + columns; ++d) {
    const auto expected = static_cast<double>(load_float(dtype, reference, d));
    const auto got = static_cast<double>(load_float(dtype, result, d));
    if (!std::isfinite(expected)) continue;
    if (!std::isfinite(got)) return INFINITY;
    error += std::fabs(got - expected);
    magnitude += std::fabs(expected);
  }
  return error == 0 ? 0 : error / magnitude;  // a row of zeros admits no error at all
}

void told_once(std::string_view reason) {
  log_once(
      LogLevel::info, fmt::format("device reference {}", reason),
      fmt::format("Candidates are validated on sampled rows alone, without {} on the device: {}", reference_family, reason));
}

}  // namespace

Result<std::unique_ptr<const DeviceReference>> DeviceReference::create(runtime::Context& context, const Problem& problem,
                                                                       Workload& workload, int64_t validation_rows,
                                                                       uint64_t seed) {
  const auto unavailable = [](std::string_view reason) {
    told_once(reason);
    return std::unique_ptr<const DeviceReference>();
  };
  const DeviceClass& device = context.device().device_class();
  const Family* family = find_family(reference_family);
  if (device.kind == "cpu" || family == nullptr) return unavailable("it is not in this build, or not for this device.");
  if (problem.flops() > max_flops) return unavailable("the problem would take it too long.");
  if (const auto supported = family->supports(problem, device); !supported.ok()) {
    return unavailable(supported.error().message());
  }
  const Config config = family->heuristic(family->spec(problem, device), problem, device);
  const auto plan = context.plan_with(*family, problem, config);
  if (!plan.ok()) return unavailable(plan.error().message());

  ATTUNE_TRY(void* workspace, workload.workspace((*plan)->workspace_bytes));
  ATTUNE_CHECK(workload.poison());
  ATTUNE_CHECK(context.execute(**plan, workload.tensors(), workspace));
  ATTUNE_CHECK(context.device().synchronize(nullptr));
  ATTUNE_TRY(const Tensors* result, workload.fetch());
  const Accuracy accuracy = check_against_double(problem, *result, validation_rows, seed);
  if (!accuracy.passed()) {
    log(LogLevel::warning, fmt::format("{} is wrong on {} and is not used to validate: {}. Report this.", reference_family,
                                       to_text(problem), accuracy.to_text()));
    return std::unique_ptr<const DeviceReference>();
  }
  std::unique_ptr<DeviceReference> reference(new DeviceReference(problem));
  reference->keep(*result);
  return std::unique_ptr<const DeviceReference>(std::move(reference));
}

void DeviceReference::keep(const Tensors& result) {
  const int64_t rows = problem_.q_elements() * problem_.heads_q * problem_.q_rows();
  const auto bytes = static_cast<size_t>(rows * problem_.head_dim_v * size_bytes(problem_.dtype));
  output_.resize(bytes);
  std::memcpy(output_.data(), result.o.data, bytes);
  if (problem_.want_lse) lse_.assign(result.lse, result.lse + rows);
}

std::optional<std::string> DeviceReference::difference(const Tensors& result) const {
  const Problem& p = problem_;
  double worst = 0;
  std::optional<std::string> found;
  for (int64_t b = 0; b < p.q_elements(); ++b) {
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t i = 0; i < p.q_rows(); ++i) {
        const int64_t first = b * result.o.stride_batch + h * result.o.stride_head + i * result.o.stride_seq;
        double ratio = relative_l1(p.dtype, result.o.data, output_.data(), first, p.head_dim_v) / row_gate(p.dtype);
        if (p.want_lse) {
          const int64_t at = b * result.lse_stride_batch + h * result.lse_stride_head + i;
          const auto expected = static_cast<double>(lse_[static_cast<size_t>(at)]);
          const auto got = static_cast<double>(result.lse[at]);
          const bool finite = std::isfinite(expected) && std::isfinite(got);
          if (finite) ratio = std::max(ratio, std::fabs(got - expected) / (1e-3 + 1e-4 * std::fabs(expected)));
          if (!finite && !std::isnan(expected) && got != expected) ratio = INFINITY;
        }
        if (!(ratio > std::max(worst, 1.0))) continue;
        worst = ratio;
        found = fmt::format("{:.3g} times the tolerated difference from {} at {} {} head {} query {}", ratio,
                            reference_family, p.varlen ? "packed" : "batch", b, h, i);
      }
    }
  }
  return found;
}

}  // namespace attune::tuner
