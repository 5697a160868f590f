// Gates of a result against attention in double.
#include "tuner/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "generator/dtype_codec.hpp"
#include "tuner/reference_row.hpp"

namespace attune::tuner {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double fp32_epsilon = 0x1p-23;
// Vector code may flush subnormals to zero; seqlen_kv of them still sum to less than this.
constexpr double flush_floor = 1e-36;
constexpr double saturated = -1e38;

struct Row {
  int64_t b, h, i;
  auto operator<=>(const Row&) const = default;
};

std::vector<Row> choose_rows(const Problem& problem, const Tensors& tensors, int64_t rows, uint64_t seed) {
  std::vector<int64_t> lengths(static_cast<size_t>(problem.batch));
  std::vector<int64_t> live;  // batch elements that have rows
  int64_t total = 0;
  for (int64_t b = 0; b < problem.batch; ++b) {
    const int64_t length = lengths_of(problem, tensors, b).q;
    lengths[static_cast<size_t>(b)] = length;
    if (length > 0) live.push_back(b);
    total += length * problem.heads_q;
  }
  std::set<Row> chosen;
  if (live.empty()) return {};
  if (rows == 0 || rows >= total) {
    for (const int64_t b : live) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        for (int64_t i = 0; i < lengths[static_cast<size_t>(b)]; ++i) chosen.insert({b, h, i});
      }
    }
  } else {
    for (const int64_t b : {live.front(), live.back()}) {
      for (const int64_t h : {int64_t{0}, problem.heads_q - 1}) {
        chosen.insert({b, h, 0});
        chosen.insert({b, h, lengths[static_cast<size_t>(b)] - 1});
      }
    }
    std::mt19937_64 generator(seed);
    const auto below = [&generator](int64_t bound) {
      return static_cast<int64_t>(generator() % static_cast<uint64_t>(bound));
    };
    while (static_cast<int64_t>(chosen.size()) < rows) {
      const int64_t b = live[static_cast<size_t>(below(static_cast<int64_t>(live.size())))];
      chosen.insert({b, below(problem.heads_q), below(lengths[static_cast<size_t>(b)])});
    }
  }
  return {chosen.begin(), chosen.end()};
}

class Gates {
 public:
  Gates(const Problem& problem, Accuracy& accuracy) : problem_(problem), accuracy_(accuracy) {}

  void element(const Row& row, int64_t d, double result, const ReferenceRow& reference) {
    const auto n = static_cast<size_t>(d);
    const double expected = reference.output()[n], plain = static_cast<double>(reference.plain()[n]);
    if (reference.visible_keys() == 0) {
      if (result != 0) hold(infinity, [&] { return at(row, d, result, expected, "a row without a visible key must be 0"); });
      return;
    }
    if (!std::isfinite(expected)) return;
    if (!std::isfinite(result)) {
      hold(infinity, [&] { return at(row, d, result, expected, "not finite"); });
      return;
    }
    const double error = std::fabs(result - expected);
    const double u = unit_roundoff(problem_.dtype);
    const double mass = reference.mass()[n], sensitivity = fp32_epsilon * reference.sensitivity()[n];
    const bool full = problem_.dtype == DType::f32;
    const double tolerance = flush_floor + (full ? 1e-6 + 1e-4 * std::fabs(expected) + 4 * sensitivity
                                                 : smallest() + 8 * u * mass + 4 * sensitivity);
    hold(error / tolerance, [&] { return at(row, d, result, expected, full ? "rtol 1e-4, atol 1e-6" : "row rule"); });

    // The rule over the largest error needs room for what one rounding of a perfect result does: on a few rows the plain
    // computation can be right by luck.
    const double slack =
        full ? 1e-6 * mass + sensitivity : u * (std::fabs(expected) + 2 * reference.noise()[n]) + sensitivity + smallest();
    if (error > largest_error_) {
      largest_error_ = error;
      where_ = at(row, d, result, expected, "error of plain code");
    }
    largest_plain_error_ = std::max(largest_plain_error_, std::isfinite(plain) ? std::fabs(plain - expected) : infinity);
    largest_slack_ = std::max(largest_slack_, slack + flush_floor);

    accuracy_.max_error = std::max(accuracy_.max_error, error);
    dot_ += result * expected;
    result_square_ += result * result;
    expected_square_ += expected * expected;
    error_sum_ += error;
    expected_sum_ += std::fabs(expected);
    error_square_ += error * error;
    ++elements_;
  }

  void lse(const Row& row, double result, const ReferenceRow& reference) {
    const double expected = reference.lse();
    if (std::isnan(expected) || expected == infinity) return;
    if (expected == -infinity || !std::isfinite(result)) {
      if (result != expected) hold(infinity, [&] { return at(row, -1, result, expected, "LSE"); });
      return;
    }
    // Scores are kept in base 2, where fp32 ends at -2.4e38: a row that an additive mask hides with its lowest number
    // saturates.
    if (expected < saturated && result < saturated) return;
    const double error = std::fabs(result - expected);
    accuracy_.lse_max_error = std::max(accuracy_.lse_max_error, error);
    const double tolerance = 2e-5 + 2e-6 * std::fabs(expected) + 4 * fp32_epsilon * reference.lse_sensitivity();
    hold(error / tolerance, [&] { return at(row, -1, result, expected, "LSE"); });
  }

  void finish() {
    if (elements_ > 0) {
      const double factor = problem_.dtype == DType::f32 ? 4 : 2;
      const double absolute = problem_.dtype == DType::f32 ? 0 : problem_.dtype == DType::f16 ? 1e-5 : 1e-4;
      hold(largest_error_ / (factor * largest_plain_error_ + absolute + largest_slack_), [&] { return where_; });
      const double norms = std::sqrt(result_square_) * std::sqrt(expected_square_);
      accuracy_.cosine = norms > 0 ? dot_ / norms : (result_square_ == expected_square_ ? 1 : 0);
      accuracy_.relative_l1 = expected_sum_ > 0 ? error_sum_ / expected_sum_ : (error_sum_ > 0 ? infinity : 0);
      accuracy_.rmse = std::sqrt(error_square_ / static_cast<double>(elements_));
    }
  }

 private:
  // Half the smallest positive number of the dtype: what rounding does to a result near 0.
  double smallest() const { return problem_.dtype == DType::f16 ? 0x1p-25 : 0; }

  template <class Describe>
  void hold(double ratio, Describe describe) {
    if (!(ratio <= accuracy_.worst_ratio)) {  // NaN counts as worse
      accuracy_.worst_ratio = std::isnan(ratio) ? infinity : ratio;
      accuracy_.worst = describe();
    }
  }

  std::string at(const Row& row, int64_t d, double result, double expected, std::string_view gate) const {
    return fmt::format("{}: {:.9g} instead of {:.9g} at batch {} head {} query {}{}", gate, result, expected, row.b, row.h,
                       row.i, d < 0 ? std::string() : fmt::format(" column {}", d));
  }

  const Problem& problem_;
  Accuracy& accuracy_;
  double largest_error_ = 0, largest_plain_error_ = 0, largest_slack_ = 0;
  double dot_ = 0, result_square_ = 0, expected_square_ = 0, error_sum_ = 0, expected_sum_ = 0, error_square_ = 0;
  int64_t elements_ = 0;
  std::string where_;
};

}  // namespace

Accuracy check_against_double(const Problem& problem, const Tensors& tensors, int64_t rows, uint64_t seed) {
  Accuracy accuracy;
  Gates gates(problem, accuracy);
  ReferenceRow reference(problem, tensors);
  for (const Row& row : choose_rows(problem, tensors, rows, seed)) {
    reference.compute(row.b, row.h, row.i);
    reference.compute_plain();
    const int64_t packed_row = lengths_of(problem, tensors, row.b).first_q + row.i;
    const TensorView& o = tensors.o;
    const int64_t element =
        (problem.varlen ? 0 : row.b * o.stride_batch) + row.h * o.stride_head + packed_row * o.stride_seq;
    for (int64_t d = 0; d < problem.head_dim_v; ++d) {
      gates.element(row, d, static_cast<double>(load_float(problem.dtype, o.data, element + d)), reference);
    }
    if (problem.want_lse) {
      const int64_t at =
          (problem.varlen ? 0 : row.b * tensors.lse_stride_batch) + row.h * tensors.lse_stride_head + packed_row;
      gates.lse(row, static_cast<double>(tensors.lse[at]), reference);
    }
    ++accuracy.rows_checked;
  }
  gates.finish();
  return accuracy;
}

std::string Accuracy::to_text() const {
  return fmt::format(
      "{} of tolerance {:.3g} (cosine {:.6f}, relative L1 {:.3g}, RMSE {:.3g}, max error {:.3g}, LSE {:.3g}) over {} rows{}",
      passed() ? "passed at" : "FAILED at", worst_ratio, cosine, relative_l1, rmse, max_error, lse_max_error, rows_checked,
      passed() || worst.empty() ? std::string() : "; " + worst);
}

}  // namespace attune::tuner
