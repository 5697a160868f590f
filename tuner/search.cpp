// Screening: compile ahead, measure one at a time, watch the machine.
#include "tuner/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace attune::tuner {

Search::Search(SearchSetup setup) : setup_(std::move(setup)), budget_(setup_.budget), drift_(setup_.rules.drift_tolerance) {}

SearchResult Search::run() {
  adopt_known();
  screen();
  if (screened_ > 0) finals();
  const auto order = ranked();
  if (!result_.winner && !order.empty()) result_.winner = *order.front();
  return std::move(result_);
}

bool Search::stopped() const { return result_.cancelled || result_.error.has_value(); }

bool Search::may_screen() const { return !stopped() && budget_.may_screen(setup_.elapsed_s(), screened_ + result_.reused); }

void Search::report(const char* phase) {
  if (!setup_.progress) return;
  Progress progress;
  progress.phase = phase;
  progress.evaluated = result_.evaluated;
  progress.planned = setup_.budget.evaluations;
  progress.compile_queue = static_cast<int64_t>(queued_);
  progress.failed = result_.failed;
  const auto order = ranked();
  progress.best_ms = order.empty() ? 0 : order.front()->statistics.median_ms;
  progress.heuristic_ms = result_.heuristic_ms;
  progress.elapsed_s = setup_.elapsed_s();
  progress.budget_s = setup_.budget.seconds;
  setup_.progress(progress);
}

void Search::adopt_known() {
  for (Candidate& known : setup_.known) {
    std::string key = known.config.to_json();
    // The space of an older generator may have been wider.
    if (candidates_.count(key) != 0 || !setup_.space->contains(known.config)) continue;
    ++result_.reused;
    setup_.strategy->tell(known.config, known.ok() ? std::optional(known.statistics.median_ms) : std::nullopt);
    if (known.config == setup_.heuristic && known.ok()) result_.heuristic_ms = known.statistics.median_ms;
    candidates_.emplace(std::move(key), std::move(known));
  }
  setup_.known.clear();
}

void Search::screen() {
  report("compile");
  if (candidates_.count(setup_.heuristic.to_json()) == 0) {
    if (!may_screen()) return;
    evaluate(setup_.heuristic, setup_.compile(setup_.heuristic));
  }
  if (!may_screen()) return;

  CompileQueue queue(setup_.compile, setup_.compile_jobs);
  while (may_screen()) {
    ask_ahead(queue);
    const auto done = queue.take(setup_.compile_disturbs);
    if (done.empty()) break;  // the space is exhausted
    for (size_t i = 0; i < done.size() && may_screen(); ++i) {
      queued_ = queue.in_flight() + done.size() - i - 1;
      evaluate(done[i].config, done[i].compiled);
    }
  }
  evaluate_spilled();
}

void Search::ask_ahead(CompileQueue& queue) {
  const auto jobs = static_cast<size_t>(std::max(setup_.compile_jobs, 1));
  while (queue.in_flight() < 2 * jobs) {
    const auto planned = screened_ + result_.reused + static_cast<int64_t>(queue.in_flight());
    if (budget_.evaluations_spent(planned)) return;
    const auto config = setup_.strategy->ask();
    if (!config) return;
    // The heuristic is measured before the strategy is asked, and may be asked for all the same.
    if (const auto known = candidates_.find(config->to_json()); known != candidates_.end()) {
      const Candidate& candidate = known->second;
      setup_.strategy->tell(*config, candidate.ok() ? std::optional(candidate.statistics.median_ms) : std::nullopt);
      continue;
    }
    queue.submit(*config);
  }
}

void Search::evaluate(const Config& config, const Compiled& compiled) {
  const SearchRules& rules = setup_.rules;
  Candidate candidate;
  candidate.config = config;
  candidate.compiled = compiled;
  candidate.complexity = setup_.space->complexity(config);
  if (compiled.status != "ok") {
    candidate.measurement.status = compiled.status;
    candidate.measurement.detail = compiled.detail;
  } else if (rules.max_spill_bytes >= 0 && compiled.spill_bytes > rules.max_spill_bytes && config != setup_.heuristic) {
    spilled_.emplace_back(config, compiled);
    candidate.measurement.status = "pruned";
    candidate.measurement.detail = fmt::format("the compiler spills {} bytes", compiled.spill_bytes);
  } else {
    SamplingRule rule = rules.screen;
    rule.give_up_above_ms = rules.give_up_factor * best_here_ms_;
    if (!measure(candidate, rule, true)) return;
  }

  ++screened_;
  ++result_.evaluated;
  // A hopeless config is known to be slow, which steers a search better than "failed".
  const bool has_time = candidate.ok() || candidate.measurement.status == "abandoned";
  if (!has_time) ++result_.failed;
  commit(candidate);
  setup_.strategy->tell(config, has_time ? std::optional(candidate.statistics.median_ms) : std::nullopt);
  if (config == setup_.heuristic && candidate.ok()) result_.heuristic_ms = candidate.statistics.median_ms;
  const std::string key = config.to_json();
  if (candidate.ok()) {
    segment_.push_back(key);
    best_here_ms_ =
        best_here_ms_ > 0 ? std::min(best_here_ms_, candidate.statistics.median_ms) : candidate.statistics.median_ms;
  }
  candidates_.insert_or_assign(key, std::move(candidate));
  look_for_drift();
  report("screen");
}

// Spilling kernels are slow but right: better than nothing when nothing else ran.
void Search::evaluate_spilled() {
  if (!ranked().empty()) return;
  setup_.rules.max_spill_bytes = -1;
  for (const auto& [config, compiled] : std::exchange(spilled_, {})) {
    if (!may_screen()) return;
    evaluate(config, compiled);
  }
}

bool Search::measure(Candidate& candidate, const SamplingRule& rule, bool validate) {
  if (stopped()) return false;
  if (setup_.cancel != nullptr && setup_.cancel->load()) {
    result_.cancelled = true;
    return false;
  }
  auto measured = setup_.measurer->measure({candidate.config, rule, validate});
  if (!measured) {
    if (measured.error().status() == Status::cancelled) {
      result_.cancelled = true;
    } else {
      result_.error = measured.error();
    }
    return false;
  }
  candidate.measurement = std::move(*measured);
  candidate.statistics = summarize(steady(candidate.measurement.samples_ms));
  return true;
}

void Search::commit(Candidate& candidate) { candidate.record_id = setup_.commit(candidate); }

std::optional<double> Search::calibrate() {
  Candidate calibration;
  calibration.config = setup_.heuristic;
  const SamplingRule rule{.min_samples = 3, .max_samples = 3, .max_total_ms = 1000, .relative_precision = 0};
  const auto known = candidates_.find(setup_.heuristic.to_json());
  if (known == candidates_.end() || !known->second.ok()) return std::nullopt;
  if (!measure(calibration, rule, false) || calibration.measurement.status != "ok") return std::nullopt;
  last_calibration_s_ = setup_.elapsed_s();
  return calibration.statistics.median_ms;
}

void Search::look_for_drift() {
  const bool first = drift_.reference_ms() <= 0;
  if (!first) {
    if (static_cast<int>(segment_.size()) < setup_.rules.segment) return;
    // At most a tenth of the time goes into calibration, however slow the problem is.
    const double cost_s = 4 * drift_.reference_ms() / 1000;
    if (setup_.elapsed_s() - last_calibration_s_ < 9 * cost_s) return;
  }
  auto calibration_ms = calibrate();
  if (!calibration_ms) return;
  if (drift_.check(*calibration_ms)) {
    segment_.clear();
    return;
  }
  const double drift = drift_.drift();
  // A passing disturbance, or a new state of the machine? Look again; what stays is the new reference.
  calibration_ms = calibrate();
  if (!calibration_ms) return;
  if (!drift_.check(*calibration_ms)) drift_.accept(*calibration_ms);
  repeat_segment(drift);
}

void Search::repeat_segment(double drift) {
  const auto reason = fmt::format("the calibration time drifted by {:+.1f} %", 100 * drift);
  best_here_ms_ = 0;  // it may have been measured on a faster machine
  for (const std::string& key : std::exchange(segment_, {})) {
    if (!may_screen()) return;
    Candidate again = candidates_.at(key);
    ++result_.disturbed;
    setup_.retract(again.record_id, reason);
    if (!measure(again, setup_.rules.screen, true)) return;
    commit(again);
    setup_.strategy->tell(again.config, again.ok() ? std::optional(again.statistics.median_ms) : std::nullopt);
    if (again.config == setup_.heuristic && again.ok()) result_.heuristic_ms = again.statistics.median_ms;
    // Measured in a state that is not confirmed yet: the next look at the calibration judges it, too.
    if (again.ok()) segment_.push_back(key);
    candidates_.at(key) = std::move(again);
  }
}

std::vector<Candidate*> Search::ranked() {
  std::vector<Candidate*> order;
  for (auto& [key, candidate] : candidates_) {
    if (candidate.ok()) order.push_back(&candidate);
  }
  // Stable over the map's order of canonical configs: reproducible.
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate* a, const Candidate* b) { return a->statistics.median_ms < b->statistics.median_ms; });
  return order;
}

}  // namespace attune::tuner
