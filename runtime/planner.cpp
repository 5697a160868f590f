// Walks the candidates until one of them is a loaded kernel.
#include "runtime/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "runtime/automatic_quantization.hpp"
#include "runtime/candidates.hpp"

namespace attune::runtime {
namespace {

// A kernel that does not compile costs tens of milliseconds, one that is looked up in vain under cached_only an emission.
constexpr int max_compile_failures = 8;
constexpr int max_cache_misses = 64;
constexpr size_t max_notes = 24;
constexpr size_t max_defaults = 16;  // first configs of the space, when even the heuristic failed

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Units and launches are both in the order they run.
Result<std::vector<Stage>> stages_of(const std::vector<Launch>& launches, const std::vector<ObtainedKernel>& units,
                                     const Family& family) {
  std::vector<Stage> stages;
  auto unit = units.begin();
  for (const Launch& launch : launches) {
    const auto has = [&launch](const ObtainedKernel& candidate) {
      return std::find(candidate.entries.begin(), candidate.entries.end(), launch.entry) != candidate.entries.end();
    };
    const auto owner = std::find_if(unit, units.end(), has);
    if (owner == units.end()) {
      return Error(Status::internal, fmt::format("The family {} launches '{}', which it does not emit: report this bug.",
                                                 family.name(), launch.entry));
    }
    if (stages.empty() || owner != unit) stages.push_back({owner->kernel, {}});
    unit = owner;
    stages.back().launches.push_back(launch);
  }
  return stages;
}

}  // namespace

// One walk over the candidates of one problem.
struct Planner::Search {
  const Planner& planner;
  const Family& family;
  const Problem& problem;
  const bool may_compile;
  const Spec spec;
  const Space space;
  const std::string problem_json;

  std::set<std::string> tried;
  std::set<std::string> condemned;
  std::vector<std::string> notes;
  size_t notes_dropped = 0;
  int compile_failures = 0, cache_misses = 0;
  bool passed_over = false;  // only for lack of a compiled kernel
  std::optional<Error> last_error, fatal;
  std::shared_ptr<Plan> found;

  Search(const Planner& owner, const Family& chosen, const Problem& asked, bool compiling)
      : planner(owner),
        family(chosen),
        problem(asked),
        may_compile(compiling),
        spec(chosen.spec(asked, owner.device_.device_class())),
        space(chosen.space(spec, asked, owner.device_.device_class())),
        problem_json(to_json(asked)) {}

  void note(std::string text) {
    if (notes.size() < max_notes) {
      notes.push_back(std::move(text));
    } else {
      ++notes_dropped;
    }
  }

  bool over() const {
    return found || fatal || compile_failures >= max_compile_failures || cache_misses >= max_cache_misses;
  }

  void try_records(const std::vector<const cache::StoredRecord*>& candidates, Origin origin) {
    for (const cache::StoredRecord* stored : candidates) {
      if (over()) return;
      try_record(*stored, origin);
    }
  }

  void try_record(const cache::StoredRecord& stored, Origin origin) {
    const cache::Record& record = stored.record;
    const auto config = Config::from_json(record.config);
    const auto label = [&] { return fmt::format("record {}", record.id().substr(0, 12)); };
    if (!config.ok()) {
      note(fmt::format("{} skipped: its config cannot be read ({})", label(), config.error().message()));
      return;
    }
    if (tried.contains(record.config)) return;
    if (const auto violated = space.violation(*config)) {
      tried.insert(record.config);
      note(fmt::format("{} ({}) skipped: it does not fit this shape ({})", label(), config->to_text(), *violated));
      // Only for this very problem is it the record that is wrong, and not merely the shape that is another one.
      if (record.problem == problem_json) {
        if (auto marked = planner.records_.mark_bad(record.id(), fmt::format("violates {}", *violated)); !marked.ok()) {
          note("the record could not be marked: " + marked.error().message());
        }
      }
      return;
    }
    try_config(*config, origin, label(), &stored);
  }

  void try_config(const Config& config, Origin origin, const std::string& label, const cache::StoredRecord* stored) {
    const std::string text = config.to_json();
    if (over() || !tried.insert(text).second) return;
    if (condemned.contains(text)) {
      note(fmt::format("{} ({}) skipped: its latest measurement on this problem failed", label, config.to_text()));
      return;
    }
    auto built = planner.build(family, spec, problem, config, may_compile);
    if (!built.ok()) {
      const Error& error = built.error();
      if (error.status() == Status::out_of_memory || error.status() == Status::device_lost) {
        fatal = error;
        return;
      }
      if (error.status() == Status::not_found) {
        ++cache_misses;
        passed_over = true;
      } else {
        ++compile_failures;
      }
      // What a compiler said outweighs that something else was not in a cache.
      if (!last_error || last_error->status() == Status::not_found) last_error = error;
      note(fmt::format("{} ({}) skipped: {}", label, config.to_text(), error.message()));
      return;
    }
    found = *std::move(built);
    found->provenance.origin = origin;
    if (stored != nullptr) {
      found->provenance.record_id = stored->record.id();
      found->provenance.record_file = stored->file;
      found->provenance.record_median_ms = stored->record.statistics.median_ms;
      found->provenance.record_unix_ms = stored->record.measured_unix_ms;
    }
  }

  void run(const cache::TuningKey& key) {
    const auto same_bucket = planner.records_.find(key);
    condemned = condemned_configs(same_bucket, problem_json);
    const BucketCandidates split = bucket_candidates(same_bucket, problem_json);
    try_records(split.exact, Origin::exact_record);
    try_records(split.bucket, Origin::same_bucket);
    if (!over()) {
      const auto neighbours = planner.records_.find_other_buckets(key);
      try_records(by_distance(neighbours, problem), Origin::neighbour_shape);
    }
    if (!over()) {
      const auto siblings = planner.records_.find_other_devices(key);
      try_records(sibling_candidates(siblings, problem_json), Origin::sibling_device);
    }
    // However many records failed: the heuristic and the default always get their turn.
    compile_failures = 0;
    cache_misses = 0;
    if (!over()) try_heuristic();
    if (!over()) {
      for (const Config& config : space.enumerate(max_defaults))
        try_config(config, Origin::fallback, "the default", nullptr);
    }
  }

  void try_heuristic() {
    const Config config = family.heuristic(spec, problem, planner.device_.device_class());
    if (const auto violated = space.violation(config)) {
      note(fmt::format("the heuristic's config ({}) skipped: it does not fit ({})", config.to_text(), *violated));
      return;
    }
    try_config(config, Origin::heuristic, "the heuristic", nullptr);
  }

  Error failure() const {
    if (fatal) return *fatal;
    const std::string log = fmt::format("{}", fmt::join(notes, "\n"));
    if (last_error && last_error->status() != Status::not_found) {
      return {last_error->status(), last_error->message(), last_error->log() + (log.empty() ? "" : "\n" + log)};
    }
    if (!may_compile && last_error) {
      return {Status::not_found,
              fmt::format("No compiled kernel is cached for {}, and the policy cached_only forbids compiling. Prepare the "
                          "problem beforehand, or use the policy compile.",
                          to_text(problem)),
              log};
    }
    return {Status::internal,
            fmt::format("The family {} has no valid config for {}: report this bug.", family.name(), to_text(problem)), log};
  }
};

Result<const Family*> Planner::select_family(const Problem& problem, std::vector<std::string>* declined) const {
  ATTUNE_CHECK(validate(problem));
  if (!asks_for_choice(problem)) return select_concrete(problem, declined);
  ATTUNE_TRY(const Ranked ranked, rank(problem));
  return select_concrete(ranked.problems.front(), declined);
}

Result<Planner::Ranked> Planner::rank(const Problem& problem) const {
  if (!asks_for_choice(problem)) return Ranked{{problem}, {}, {}};
  Ranked ranked;
  std::vector<Alternative> alternatives;
  std::optional<Error> refusal;
  for (Problem& alternative : quantization_alternatives(problem)) {
    const auto family = select_concrete(alternative, nullptr);
    if (!family.ok()) {
      ranked.notes.push_back(
          fmt::format("quantization {} passed over: {}", alternative.quantization, family.error().message()));
      refusal = family.error();
      continue;
    }
    auto records = records_.find(tuning_key(**family, alternative));
    alternatives.push_back({std::move(alternative), std::move(records)});
  }
  if (alternatives.empty()) return *refusal;
  RankedAlternatives order = rank_alternatives(problem, alternatives, device_.device_class());
  for (const size_t at : order.order) ranked.problems.push_back(std::move(alternatives[at].problem));
  ranked.why = std::move(order.why);
  ranked.notes.insert(ranked.notes.end(), order.notes.begin(), order.notes.end());
  return ranked;
}

Result<std::vector<Problem>> Planner::alternatives(const Problem& problem) const {
  ATTUNE_CHECK(validate(problem));
  ATTUNE_TRY(Ranked ranked, rank(problem));
  return std::move(ranked.problems);
}

Result<const Family*> Planner::select_concrete(const Problem& problem, std::vector<std::string>* declined) const {
  std::vector<std::string> reasons;
  std::optional<Status> missing_compiler;  // some family could do it, if only it could be compiled
  for (const Family* family : families_) {
    auto supported = family->supports(problem, device_.device_class());
    if (supported.ok()) {
      supported = device_.compiler().can_compile(family->source_kind());
      if (!supported.ok() && !missing_compiler) missing_compiler = supported.error().status();
    }
    if (supported.ok()) {
      if (declined != nullptr) *declined = std::move(reasons);
      return family;
    }
    reasons.push_back(fmt::format("{}: {}", family->name(), supported.error().message()));
  }
  if (declined != nullptr) *declined = reasons;
  if (reasons.empty()) {
    return Error(Status::unsupported,
                 fmt::format("This build of Attune has no kernel family for the device '{}': use a build "
                             "with ATTUNE_LLVM=ON and the device 'cpu'.",
                             device_.name()));
  }
  return Error(missing_compiler.value_or(Status::unsupported), fmt::format("{}", fmt::join(reasons, " ")));
}

cache::TuningKey Planner::tuning_key(const Family& family, const Problem& problem) const {
  const DeviceClass& device = device_.device_class();
  return {std::string(family.name()), family.version(), family.spec(problem, device).to_json(), family.shape_bucket(problem),
          device.id()};
}

Result<Planned> Planner::plan(const Problem& problem, bool may_compile) const {
  ATTUNE_CHECK(validate(problem));
  if (!asks_for_choice(problem)) return plan_concrete(problem, may_compile);
  const auto start = std::chrono::steady_clock::now();
  ATTUNE_TRY(Ranked ranked, rank(problem));
  bool best_known = true;
  std::optional<Error> first_error;
  for (const Problem& alternative : ranked.problems) {
    auto planned = plan_concrete(alternative, may_compile);
    if (planned.ok()) {
      Provenance& provenance = planned->plan->provenance;
      provenance.quantization =
          first_error ? fmt::format("{}: the next best, see the notes", alternative.quantization) : ranked.why;
      ranked.notes.insert(ranked.notes.end(), provenance.notes.begin(), provenance.notes.end());
      provenance.notes = std::move(ranked.notes);
      provenance.plan_ms = milliseconds_since(start);
      planned->best_known = planned->best_known && best_known;
      return planned;
    }
    const Error& error = planned.error();
    if (error.status() == Status::out_of_memory || error.status() == Status::device_lost) return error;
    if (error.status() == Status::not_found) best_known = false;
    ranked.notes.push_back(fmt::format("quantization {} ({}) skipped: {}", alternative.quantization,
                                       first_error ? "the next best" : ranked.why, error.message()));
    if (!first_error) first_error = error;
  }
  return *first_error;
}

Result<Planned> Planner::plan_concrete(const Problem& problem, bool may_compile) const {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> declined;
  ATTUNE_TRY(const Family* family, select_concrete(problem, &declined));
  Search search(*this, *family, problem, may_compile);
  for (std::string& reason : declined) search.note("family declined: " + std::move(reason));
  search.run(tuning_key(*family, problem));
  if (!search.found) return search.failure();

  Provenance& provenance = search.found->provenance;
  provenance.notes = std::move(search.notes);
  if (search.notes_dropped > 0) provenance.notes.push_back(fmt::format("and {} more", search.notes_dropped));
  provenance.plan_ms = milliseconds_since(start);
  return Planned{std::move(search.found), !search.passed_over};
}

Result<PlanPtr> Planner::plan_with(const Family& family, const Problem& problem, const Config& config) const {
  const auto start = std::chrono::steady_clock::now();
  const DeviceClass& device = device_.device_class();
  ATTUNE_CHECK(validate(problem));
  if (asks_for_choice(problem)) {
    return Error(Status::invalid_argument,
                 "quantization sage leaves the choice to the planner, and no config is of all its kernels. Give one of its "
                 "presets, or none.");
  }
  ATTUNE_CHECK(family.supports(problem, device));
  const Spec spec = family.spec(problem, device);
  if (const auto violated = family.space(spec, problem, device).violation(config)) {
    return Error(Status::invalid_argument,
                 fmt::format("config ({}) is outside the space of {} for this shape ({}). Choose values that "
                             "`attune explain` lists.",
                             config.to_text(), family.name(), *violated));
  }
  ATTUNE_TRY(const auto plan, build(family, spec, problem, config, /*may_compile=*/true));
  plan->provenance.origin = Origin::chosen;
  plan->provenance.plan_ms = milliseconds_since(start);
  return PlanPtr(plan);
}

Result<bool> Planner::has_record(const Problem& problem) const {
  ATTUNE_TRY(const std::vector<Problem> all, alternatives(problem));
  const DeviceClass& device = device_.device_class();
  for (const Problem& alternative : all) {
    ATTUNE_TRY(const Family* family, select_concrete(alternative, nullptr));
    const Space space = family->space(family->spec(alternative, device), alternative, device);
    const auto records = records_.find(tuning_key(*family, alternative));
    const auto condemned = condemned_configs(records, to_json(alternative));
    const bool usable = std::any_of(records.begin(), records.end(), [&](const cache::StoredRecord& stored) {
      if (stored.record.status != "ok" || !stored.record.validated || condemned.contains(stored.record.config)) return false;
      const auto config = Config::from_json(stored.record.config);
      return config.ok() && space.contains(*config);
    });
    // An alternative that was tried and failed throughout is known, too.
    if (!usable && (all.size() == 1 || condemned.empty())) return false;
  }
  return true;
}

Result<std::shared_ptr<Plan>> Planner::build(const Family& family, const Spec& spec, const Problem& problem,
                                             const Config& config, bool may_compile) const {
  const DeviceClass& device = device_.device_class();
  ATTUNE_TRY(const std::vector<ObtainedKernel> units, kernels_.obtain(family, spec, config, may_compile));

  auto plan = std::make_shared<Plan>();
  plan->family = &family;
  plan->problem = problem;
  plan->config = config;
  plan->workspace_bytes = family.workspace_bytes(problem, config, device);
  const std::vector<Launch> launches = family.launches(problem, config, device);
  ATTUNE_TRY(plan->stages, stages_of(launches, units, family));
  ATTUNE_CHECK(device_.reserve(launches));

  Provenance& provenance = plan->provenance;
  provenance.family = family.name();
  provenance.config = config.to_json();
  provenance.spec = spec.to_json();
  provenance.shape_bucket = family.shape_bucket(problem);
  provenance.kernel_origin = units.back().origin;
  provenance.compile_key = units.back().compile_key;
  for (const ObtainedKernel& unit : units) {
    provenance.compile_ms += unit.compile_ms;
    provenance.load_ms += unit.load_ms;
  }
  return plan;
}

}  // namespace attune::runtime
