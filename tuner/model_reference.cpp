// Chooses rows, asks the model for them, and compares.
#include "tuner/model_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <utility>

#include "generator/dtype_codec.hpp"
#include "tuner/quantized/error.hpp"
#include "tuner/quantized/given.hpp"
#include "tuner/reference_row.hpp"

namespace attune::tuner {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double fp32_epsilon = 0x1p-23;
constexpr size_t max_heads = 8;
constexpr double row_factor = 16;
constexpr double lse_floor = 2e-4, lse_mean = 5e-4;

// The largest ratio of an error to its bound, and where it is.
class Worst {
 public:
  explicit Worst(Accuracy& accuracy) : accuracy_(accuracy) {}
  template <class Describe>
  void hold(double ratio, Describe describe) {
    if (ratio <= accuracy_.worst_ratio) return;  // NaN counts as worse
    accuracy_.worst_ratio = std::isnan(ratio) ? infinity : ratio;
    accuracy_.worst = describe();
  }

 private:
  Accuracy& accuracy_;
};

std::string place(int64_t b, int64_t h, int64_t i, int64_t column) {
  const std::string at = fmt::format("batch {} head {} query {}", b, h, i);
  return column < 0 ? at : fmt::format("{} column {}", at, column);
}

bool alike(float result, float expected) { return std::isfinite(expected) == std::isfinite(result); }

// -inf is a row without a key, which nothing else may look like.
bool alike_lse(float result, float expected) {
  return alike(result, expected) && (std::isfinite(expected) || std::isnan(expected) == std::isnan(result));
}

double largest_magnitude(const quantized::Matrix& x) {
  double largest = 0;
  for (const float value : x.values) {
    if (std::isfinite(value)) largest = std::max(largest, static_cast<double>(std::fabs(value)));
  }
  return largest;
}

}  // namespace

double model_gate(const Quantization& request) { return request.accumulator == PvAccumulator::f16 ? 5e-3 : 2e-3; }

ModelReference::ModelReference(Problem problem, Quantization request)
    : problem_(std::move(problem)), request_(request), pool_(std::make_unique<ThreadPool>()) {}

ModelReference::~ModelReference() = default;

Result<std::unique_ptr<ModelReference>> ModelReference::create(const Problem& problem, const Tensors& tensors, int64_t rows,
                                                               uint64_t seed) {
  ATTUNE_TRY(const Quantization request, parse_quantization(problem.quantization));
  if (request.none() || request.automatic) {
    return Error(
        Status::invalid_argument,
        fmt::format("quantization {} has no model of its own; give a request such as sage2-8b.", problem.quantization));
  }
  std::unique_ptr<ModelReference> reference(new ModelReference(problem, request));
  reference->choose(tensors, rows, seed);
  return reference;
}

void ModelReference::choose(const Tensors& tensors, int64_t rows, uint64_t seed) {
  std::vector<std::pair<int64_t, int64_t>> live;  // batch elements that have rows, and how many
  int64_t total = 0;
  for (int64_t b = 0; b < problem_.batch; ++b) {
    const int64_t count = lengths_of(problem_, tensors, b).q;
    if (count > 0) live.emplace_back(b, count);
    total += count * problem_.heads_q;
  }
  if (live.empty()) return;
  std::mt19937_64 generator(seed);
  const auto below = [&](int64_t bound) { return static_cast<int64_t>(generator() % static_cast<uint64_t>(bound)); };
  const bool all = rows == 0 || rows >= total;
  std::set<std::pair<size_t, int64_t>> heads;
  if (all) {
    for (size_t at = 0; at < live.size(); ++at) {
      for (int64_t h = 0; h < problem_.heads_q; ++h) heads.emplace(at, h);
    }
  } else {
    const size_t wanted = std::min({max_heads, static_cast<size_t>(std::max<int64_t>(1, rows / 2)),
                                    live.size() * static_cast<size_t>(problem_.heads_q)});
    heads.emplace(0, 0);
    if (wanted > 1) heads.emplace(live.size() - 1, problem_.heads_q - 1);
    while (heads.size() < wanted) heads.emplace(below(static_cast<int64_t>(live.size())), below(problem_.heads_q));
  }
  const int64_t share = (rows + static_cast<int64_t>(heads.size()) - 1) / static_cast<int64_t>(heads.size());
  for (const auto& [at, h] : heads) {
    const auto [b, count] = live[at];
    std::set<int64_t> chosen;
    if (all || share >= count) {
      for (int64_t i = 0; i < count; ++i) chosen.insert(i);
    } else {
      chosen = {0, count - 1};
      while (static_cast<int64_t>(chosen.size()) < std::max<int64_t>(share, 2)) chosen.insert(below(count));
    }
    heads_.push_back({b, h, {chosen.begin(), chosen.end()}});
  }
  if (problem_.want_lse) find_slack(tensors);
}

void ModelReference::find_slack(const Tensors& given) {
  // Of the operands as numbers.
  const auto decoded = request_.given == Given::none ? nullptr : quantized::decode_given(problem_, given);
  const Problem& problem = decoded ? decoded->problem : problem_;
  const Tensors& tensors = decoded ? decoded->tensors : given;
  const bool smoothed = request_.k_smoothing != KSmoothing::none || request_.q_smoothing != QSmoothing::none;
  for (const Head& head : heads_) {
    std::vector<double>& of_head = slack_.emplace_back(head.rows.size());
    double code = 0;
    if (smoothed) {
      const quantized::HeadTensors loaded = quantized::load_head(problem, tensors, head.b, head.h);
      code = std::fabs(static_cast<double>(problem_.scale())) * largest_magnitude(loaded.q) * largest_magnitude(loaded.k) /
             static_cast<double>(request_.qk_target());
    }
    auto body = [&](int64_t begin, int64_t end, int) {
      ReferenceRow row(problem, tensors);
      for (int64_t n = begin; n < end; ++n) {
        row.compute(head.b, head.h, head.rows[static_cast<size_t>(n)]);
        const double rounding = 8 * fp32_epsilon * row.lse_sensitivity();
        of_head[static_cast<size_t>(n)] = code + (std::isfinite(rounding) ? rounding : 0);
      }
    };
    pool_->parallel_for(static_cast<int64_t>(head.rows.size()), 8, body);
  }
}

Result<const ModelReference::Outputs*> ModelReference::outputs(const Tensors& tensors, const QuantizedSchedule& schedule) {
  for (const auto& [of, kept] : kept_) {
    if (of == schedule) return &kept;
  }
  Outputs fresh;
  quantized::ModelOptions options;
  options.schedule = schedule;
  for (const Head& head : heads_) {
    ATTUNE_TRY(auto out,
               quantized::model_rows(problem_, tensors, request_, options, head.b, head.h, head.rows, pool_.get()));
    fresh.push_back(std::move(out));
  }
  kept_.emplace_back(schedule, std::move(fresh));
  return &kept_.back().second;
}

Result<Accuracy> ModelReference::check(const Tensors& tensors, const QuantizedSchedule& schedule) {
  ATTUNE_TRY(const Outputs* model, outputs(tensors, schedule));
  Accuracy accuracy;
  Worst worst(accuracy);
  quantized::ErrorSum sum;
  const double gate = model_gate(request_);
  const bool plain_v = request_.pv == PvOperand::input && request_.accumulator == PvAccumulator::f32;
  const auto width = static_cast<size_t>(problem_.head_dim_v);
  double lse_error = 0;
  int64_t lse_rows = 0;
  std::vector<float> row(width);
  std::vector<double> finite_model;
  std::vector<float> finite_row;
  for (size_t n = 0; n < heads_.size(); ++n) {
    const Head& head = heads_[n];
    const quantized::HeadOutput& expected = (*model)[n];
    double magnitude = 0;
    for (const float value : expected.o.values) magnitude += std::isfinite(value) ? std::fabs(value) : 0;
    magnitude /= static_cast<double>(head.rows.size());
    const int64_t first_q = lengths_of(problem_, tensors, head.b).first_q;
    for (size_t at = 0; at < head.rows.size(); ++at) {
      const int64_t i = head.rows[at];
      const TensorView& o = tensors.o;
      const int64_t element =
          (problem_.varlen ? 0 : head.b * o.stride_batch) + head.h * o.stride_head + (first_q + i) * o.stride_seq;
      const float* const want = expected.o.row(static_cast<int64_t>(at));
      const bool empty = expected.lse[at] == -std::numeric_limits<float>::infinity();
      finite_model.clear();
      finite_row.clear();
      double error = 0, of_row = 0;
      for (size_t d = 0; d < width; ++d) {
        row[d] = load_float(problem_.dtype, o.data, element + static_cast<int64_t>(d));
        // NaN or infinity of V in its own type, not of the row: what becomes of it depends on a P that may be 0.
        if (plain_v && std::isnan(want[d]) && std::isfinite(expected.lse[at])) continue;
        const bool wrong = !alike(row[d], want[d]) || (empty && row[d] != 0);
        if (wrong) {
          worst.hold(infinity, [&] {
            return fmt::format("{} where the model has {} at {}", row[d], want[d],
                               place(head.b, head.h, i, static_cast<int64_t>(d)));
          });
        }
        if (wrong || !std::isfinite(want[d])) continue;
        const double difference = std::fabs(static_cast<double>(row[d]) - static_cast<double>(want[d]));
        error += difference;
        of_row += static_cast<double>(std::fabs(want[d]));
        accuracy.max_error = std::max(accuracy.max_error, difference);
        finite_model.push_back(static_cast<double>(want[d]));
        finite_row.push_back(row[d]);
      }
      sum.add(finite_model, finite_row);
      if (error > 0) {
        const double bound = row_factor * gate * (of_row + magnitude);
        worst.hold(error / bound, [&] {
          return fmt::format("a row is off by {:.3g} of {:.3g} at {}", error, of_row, place(head.b, head.h, i, -1));
        });
      }
      ++accuracy.rows_checked;
      if (!problem_.want_lse) continue;
      const int64_t lse_at =
          (problem_.varlen ? 0 : head.b * tensors.lse_stride_batch) + head.h * tensors.lse_stride_head + first_q + i;
      const float got = tensors.lse[lse_at], lse = expected.lse[at];
      const auto describe = [&] {
        return fmt::format("LSE {:.9g} where the model has {:.9g} at {}", got, lse, place(head.b, head.h, i, -1));
      };
      if (!alike_lse(got, lse)) {
        worst.hold(infinity, describe);
      } else if (std::isfinite(lse)) {
        const double off = std::fabs(static_cast<double>(got) - static_cast<double>(lse));
        accuracy.lse_max_error = std::max(accuracy.lse_max_error, off);
        lse_error += off;
        ++lse_rows;
        const double bound = lse_floor + 4e-6 * std::fabs(static_cast<double>(lse)) + slack_[n][at];
        worst.hold(off / bound, describe);
      }
    }
  }
  if (lse_rows > 0) {
    const double mean = lse_error / static_cast<double>(lse_rows);
    worst.hold(mean / lse_mean, [&] { return fmt::format("LSE off by {:.3g} in the mean", mean); });
  }
  const quantized::ErrorMetrics metrics = sum.metrics();
  accuracy.cosine = metrics.cosine;
  accuracy.relative_l1 = metrics.relative_l1;
  accuracy.rmse = metrics.rmse;
  worst.hold(metrics.relative_l1 / gate,
             [&] { return fmt::format("relative L1 {:.3g} from the model, of at most {:.3g}", metrics.relative_l1, gate); });
  return accuracy;
}

Result<Accuracy> check_against_model(const Problem& problem, const Tensors& tensors, const QuantizedSchedule& schedule,
                                     int64_t rows, uint64_t seed) {
  ATTUNE_TRY(const auto reference, ModelReference::create(problem, tensors, rows, seed));
  return reference->check(tensors, schedule);
}

}  // namespace attune::tuner
