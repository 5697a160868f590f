// attune verify: runs winners again and compares them with attention in double, quantized ones with their exact model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/context_options.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shape_options.hpp"
#include "cli/table.hpp"
#include "cli/verbs/verbs.hpp"
#include "tuner/model_reference.hpp"
#include "tuner/validate.hpp"
#include "tuner/workload.hpp"

namespace attune::cli {
namespace {

struct VerifyArguments {
  ContextArguments context;
  ShapeRequest shapes;
  std::vector<std::string> archs;
  int64_t rows = 256;
  uint64_t seed = 1;
};

// Every problem that was measured on this device, when no shape is named.
Result<std::vector<Problem>> recorded_problems(runtime::Context& context) {
  std::vector<Problem> problems;
  const std::string device_id = context.device().device_class().id();
  for (const cache::StoredRecord& stored : context.records().all()) {
    if (stored.record.key.device_id != device_id) continue;
    ATTUNE_TRY(auto problem, problem_from_json(stored.record.problem));
    if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(std::move(problem));
  }
  return problems;
}

struct Verdict {
  runtime::PlanPtr plan;
  tuner::Accuracy accuracy;
  std::optional<std::string> overwritten;  // the buffer whose guard bytes changed
  bool passed() const { return accuracy.passed() && !overwritten; }
};

Result<Verdict> verify_one(runtime::Context& context, const Problem& problem, const VerifyArguments& arguments) {
  Verdict verdict;
  ATTUNE_TRY(verdict.plan, context.find(problem, runtime::Policy::compile));
  ATTUNE_TRY(const auto workload, tuner::Workload::create(context.device(), problem, arguments.seed));
  ATTUNE_TRY(void* workspace, workload->workspace(verdict.plan->workspace_bytes));
  ATTUNE_CHECK(workload->poison());
  ATTUNE_CHECK(context.execute(*verdict.plan, workload->tensors(), workspace));
  ATTUNE_CHECK(context.device().synchronize(nullptr));
  ATTUNE_TRY(verdict.overwritten, workload->broken_guard());
  ATTUNE_TRY(const Tensors* result, workload->fetch());
  const runtime::Plan& plan = *verdict.plan;
  if (plan.problem.quantization == "none") {
    verdict.accuracy = tuner::check_against_double(plan.problem, *result, arguments.rows, arguments.seed);
    return verdict;
  }
  const QuantizedSchedule schedule =
      plan.family->quantized_schedule(plan.problem, plan.config, context.device().device_class());
  ATTUNE_TRY(verdict.accuracy, tuner::check_against_model(plan.problem, *result, schedule, arguments.rows, arguments.seed));
  return verdict;
}

// What all devices together gave.
struct Verdicts {
  Table table{{"verdict", "device", "shape", "provenance", ">max error", ">of tolerance", ">rows", "config"}};
  Json json = Json::array();
  size_t count = 0, wrong = 0, not_run = 0;
  std::string trouble;  // the first
};

void verify_on(runtime::Context& context, const std::vector<Problem>& problems, const VerifyArguments& arguments,
               Verdicts& verdicts) {
  const std::string device = context.device().name();
  for (const Problem& problem : problems) {
    ++verdicts.count;
    const auto verdict = verify_one(context, problem, arguments);
    if (!verdict) {
      const std::string& message = verdict.error().message();
      // What a checker of the emulator found is a fault of the kernel, not of the machine.
      const bool wrong = verdict.error().status() == Status::validation_failed;
      ++(wrong ? verdicts.wrong : verdicts.not_run);
      if (verdicts.trouble.empty()) verdicts.trouble = fmt::format("; {}: {}", to_text(problem), message);
      verdicts.table.add({wrong ? "WRONG" : "not run", device, to_text(problem), "-", "-", "-", "-", message});
      verdicts.json.push_back({{"device", device},
                               {"problem", problem_json(problem)},
                               {"verdict", wrong ? "wrong" : "not run"},
                               {"message", message}});
      continue;
    }
    const tuner::Accuracy& a = verdict->accuracy;
    if (!verdict->passed()) {
      ++verdicts.wrong;
      if (verdicts.trouble.empty()) {
        verdicts.trouble =
            fmt::format("; {}: {}", to_text(problem),
                        verdict->overwritten ? "bytes around " + *verdict->overwritten + " were overwritten" : a.worst);
      }
    }
    const runtime::Plan& plan = *verdict->plan;
    verdicts.table.add({verdict->passed() ? "ok" : "WRONG", device, to_text(problem),
                        std::string(name(plan.provenance.origin)), fmt::format("{:.3g}", a.max_error),
                        fmt::format("{:.2f}", a.worst_ratio), fmt::format("{}", a.rows_checked), plan.config.to_text()});
    verdicts.json.push_back({{"device", device},
                             {"problem", problem_json(problem)},
                             {"verdict", verdict->passed() ? "ok" : "wrong"},
                             {"plan", plan_json(plan, context.device())},
                             {"max_error", a.max_error},
                             {"worst_ratio", a.worst_ratio},
                             {"relative_l1", a.relative_l1},
                             {"cosine", a.cosine},
                             {"rows_checked", a.rows_checked},
                             {"worst", a.worst}});
  }
}

Result<Report> verify(const VerifyArguments& arguments) {
  ATTUNE_TRY(auto problems, problems_of(arguments.shapes));
  Verdicts verdicts;
  // One device, or the emulated ones of the architectures that were named.
  std::vector<ContextArguments> devices(std::max<size_t>(arguments.archs.size(), 1), arguments.context);
  for (size_t n = 0; n < arguments.archs.size(); ++n) devices[n].device = "emulated:" + arguments.archs[n];
  for (const ContextArguments& device : devices) {
    ATTUNE_TRY(const auto context, open_context(device));
    if (problems.empty() && arguments.archs.empty()) {
      ATTUNE_TRY(problems, recorded_problems(*context));
    }
    verify_on(*context, problems, arguments, verdicts);
  }
  if (problems.empty() && !arguments.archs.empty()) {
    return Error(Status::invalid_argument, "--arch: name the shapes to verify; nothing is recorded for emulated devices");
  }
  Report out;
  out.json["verdicts"] = std::move(verdicts.json);
  out.text = problems.empty() ? "Nothing to verify: no shape was named and nothing was measured on this device.\n"
                              : verdicts.table.text();
  if (verdicts.wrong > 0) {
    out.code = ExitCode::verification_failed;
    out.complaint = fmt::format("{} of {} results are wrong{}; tune them again with 'attune tune --no-resume'",
                                verdicts.wrong, verdicts.count, verdicts.trouble);
  } else if (verdicts.not_run > 0) {
    out.code = ExitCode::partial;
    out.complaint = fmt::format("{} of {} shapes could not be run{}", verdicts.not_run, verdicts.count, verdicts.trouble);
  }
  return out;
}

}  // namespace

void add_verify(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(
      root, "verify", "Runs the winners again and compares them with attention in double; all recorded shapes by default",
      "attune verify \"B1 H8 S256 D64 bf16 causal\" --arch sm_80,sm_90a");
  const auto a = std::make_shared<VerifyArguments>();
  add_shape_options(verb, a->shapes);
  const std::string group = "Verification";
  verb.add_option("--arch", a->archs, "Instead of --device: the emulated GPUs of these architectures, such as sm_89,sm_120a")
      ->type_name("LIST")
      ->delimiter(',')
      ->group(group);
  verb.add_option("--rows", a->rows, "Rows to compare per shape; 0 compares all")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  verb.add_option("--seed", a->seed, "Seed of the inputs")->type_name("N")->capture_default_str()->group(group);
  add_context_options(verb, a->context);
  program.on(verb, [a] { return verify(*a); });
}

}  // namespace attune::cli
