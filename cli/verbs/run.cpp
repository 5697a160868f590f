// attune run: attention over files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "cli/attention_inputs.hpp"
#include "cli/context_options.hpp"
#include "cli/device_array.hpp"
#include "cli/files/tensor_file.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/verbs/verbs.hpp"
#include "generator/dtype_codec.hpp"
#include "generator/given_operands.hpp"
#include "tuner/model_reference.hpp"
#include "tuner/quantized/given.hpp"
#include "tuner/tuner.hpp"
#include "tuner/validate.hpp"

namespace attune::cli {
namespace {

// The reference runs about 10^9 multiply-adds a second on one core: beyond four times that, rows are sampled.
constexpr double max_reference_work = 4e9;
constexpr int64_t sampled_rows = 512;
constexpr uint64_t sampling_seed = 1;

struct RunArguments {
  ContextArguments context;
  AttentionRequest attention;
  std::string out, lse, policy = "compile", budget = "quick";
  bool check = false;
  int64_t check_rows = -1;  // -1: all when they are cheap
  int repeat = -1;          // -1: up to five, within a second
};

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The inputs' copies on the device, the outputs and the workspace: everything one execute needs.
class Placed {
 public:
  static Result<Placed> make(runtime::Device& device, const AttentionInputs& inputs, const Array& o, const Array& lse,
                             int64_t workspace_bytes) {
    Placed placed;
    Placement& at = placed.at_;
    const std::pair<const Array*, void**> copies[] = {{&inputs.q, &at.q},
                                                      {&inputs.k, &at.k},
                                                      {&inputs.v, &at.v},
                                                      {&o, &at.o},
                                                      {&lse, &at.lse},
                                                      {&inputs.mask, &at.mask},
                                                      {&inputs.sinks, &at.sinks},
                                                      {&inputs.alibi, &at.alibi},
                                                      {&inputs.kv_lengths, &at.kv_lengths},
                                                      {&inputs.cu_seqlens_q, &at.cu_seqlens_q},
                                                      {&inputs.cu_seqlens_kv, &at.cu_seqlens_kv},
                                                      {&inputs.page_table, &at.page_table},
                                                      {&inputs.q_scales, &at.q_scales},
                                                      {&inputs.k_scales, &at.k_scales},
                                                      {&inputs.v_scales, &at.v_scales}};
    for (const auto& [array, address] : copies) {
      if (array->data() == nullptr) continue;
      ATTUNE_TRY(auto memory, DeviceArray::copy_of(device, array->data(), array->bytes()));
      *address = memory.data();
      if (array == &o) placed.o_ = placed.memory_.size();
      if (array == &lse) placed.lse_ = placed.memory_.size();
      placed.memory_.push_back(std::move(memory));
    }
    if (workspace_bytes > 0) {
      ATTUNE_TRY(placed.workspace_, DeviceArray::allocate(device, workspace_bytes));
    }
    placed.tensors_ = tensors_at(inputs, at);
    return placed;
  }

  const Tensors& tensors() const { return tensors_; }
  void* workspace() const { return workspace_.data(); }
  Result<void> read_outputs(Array& o, Array& lse) const {
    ATTUNE_CHECK(memory_[o_].read(o.data()));
    if (lse.data() != nullptr) ATTUNE_CHECK(memory_[lse_].read(lse.data()));
    return {};
  }

 private:
  std::vector<DeviceArray> memory_;
  DeviceArray workspace_;
  size_t o_ = 0, lse_ = 0;
  Placement at_;
  Tensors tensors_;
};

struct Times {
  double first_ms = 0;            // of the first call, cold
  std::vector<double> repeat_ms;  // of the calls after it
  double median() const {
    if (repeat_ms.empty()) return first_ms;
    std::vector<double> sorted = repeat_ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

Result<Times> execute(runtime::Context& context, const runtime::Plan& plan, const Placed& placed, int repeat) {
  const auto call = [&] { return context.execute(plan, placed.tensors(), placed.workspace()); };
  Times times;
  ATTUNE_TRY(times.first_ms, context.device().time_ms(call, nullptr));
  const bool timed = context.device().device_class().kind != "emulated";
  const int wanted = !timed ? 0 : repeat >= 0 ? repeat : 5;
  double total_ms = 0;
  for (int i = 0; i < wanted && (repeat >= 0 || total_ms + times.first_ms < 1000); ++i) {
    ATTUNE_TRY(const double ms, context.device().time_ms(call, nullptr));
    times.repeat_ms.push_back(ms);
    total_ms += ms;
  }
  return times;
}

struct Check {
  tuner::Accuracy accuracy;              // against double; of a quantized problem metrics, no verdict
  std::optional<tuner::Accuracy> model;  // of a quantized problem
  bool all_rows = false;
  int64_t total_rows = 0;
  const tuner::Accuracy& verdict() const { return model ? *model : accuracy; }
};

// Of operands that were given as codes, attention in double is that of code times scale.
Result<tuner::Accuracy> accuracy_in_double(const Problem& p, const Tensors& tensors, const Array& o, int64_t rows) {
  if (given_request(p).given == Given::none) return tuner::check_against_double(p, tensors, rows, sampling_seed);
  auto decoded = tuner::quantized::decode_given(p, tensors);
  ATTUNE_TRY(auto numbers, Array::allocate(DType::f32, o.shape()));
  for (int64_t i = 0; i < o.count(); ++i) numbers.as<float>()[i] = load_float(p.dtype, o.data(), i);
  Tensors of_numbers = decoded->tensors;
  of_numbers.o.data = numbers.data();
  return tuner::check_against_double(decoded->problem, of_numbers, rows, sampling_seed);
}

Result<Check> check_result(const AttentionInputs& inputs, const runtime::Plan& plan, const DeviceClass& device, Array& o,
                           Array& lse, int64_t wanted_rows) {
  const Problem& p = plan.problem;
  Check check;
  check.total_rows = p.heads_q * (p.varlen ? p.total_q : p.batch * p.seqlen_q);
  const double work = static_cast<double>(check.total_rows) * static_cast<double>(p.seqlen_kv) *
                      static_cast<double>(p.head_dim_qk + p.head_dim_v);
  int64_t rows = wanted_rows;
  if (rows < 0) rows = work <= max_reference_work ? 0 : sampled_rows;
  check.all_rows = rows == 0 || rows >= check.total_rows;
  Placement host;
  const auto address = [](const Array& array) { return const_cast<std::byte*>(array.data()); };  // only read
  host = {address(inputs.q),
          address(inputs.k),
          address(inputs.v),
          o.data(),
          lse.data(),
          address(inputs.mask),
          address(inputs.sinks),
          address(inputs.alibi),
          address(inputs.kv_lengths),
          address(inputs.cu_seqlens_q),
          address(inputs.cu_seqlens_kv),
          address(inputs.page_table),
          address(inputs.q_scales),
          address(inputs.k_scales),
          address(inputs.v_scales)};
  const Tensors tensors = tensors_at(inputs, host);
  if (check.all_rows) rows = 0;
  ATTUNE_TRY(check.accuracy, accuracy_in_double(p, tensors, o, rows));
  if (p.quantization == "none") return check;
  const QuantizedSchedule schedule = plan.family->quantized_schedule(p, plan.config, device);
  ATTUNE_TRY(check.model, tuner::check_against_model(p, tensors, schedule, rows, sampling_seed));
  return check;
}

Json metrics_json(const tuner::Accuracy& a) {
  return {{"cosine", a.cosine},
          {"relative_l1", a.relative_l1},
          {"rmse", a.rmse},
          {"max_error", a.max_error},
          {"lse_max_error", a.lse_max_error}};
}

// `passed`, `worst` and the metrics are those of the verdict; a quantized result has its distance from double beside them.
Json check_json(const Check& check) {
  const tuner::Accuracy& a = check.verdict();
  Json json = {{"passed", a.passed()},
               {"against", check.model ? "model" : "double"},
               {"rows_checked", a.rows_checked},
               {"rows", check.total_rows},
               {"all_rows", check.all_rows},
               {"worst_ratio", a.worst_ratio},
               {"worst", a.worst}};
  json.update(metrics_json(a));
  if (check.model) json["double"] = metrics_json(check.accuracy);
  return json;
}

std::string metrics_text(const tuner::Accuracy& a) {
  return fmt::format("CosSim {:.5f}, relative L1 {:.3g}, RMSE {:.3g}, largest error {:.3g}", a.cosine, a.relative_l1, a.rmse,
                     a.max_error);
}

void add_check(Lines& lines, const Check& check) {
  const tuner::Accuracy& a = check.verdict();
  const std::string rows = check.all_rows ? fmt::format("all {} rows", check.total_rows)
                                          : fmt::format("{} of {} rows sampled", a.rows_checked, check.total_rows);
  if (!check.model) {
    lines.add("check",
              fmt::format("{} against attention in double, {}: max error {:.3g} ({:.2f} of the tolerance), relative "
                          "L1 {:.3g}, cosine {:.7f}",
                          a.passed() ? "passed" : "FAILED", rows, a.max_error, a.worst_ratio, a.relative_l1, a.cosine));
    return;
  }
  lines.add("check", fmt::format("{} against the exact model of the quantization, {}: relative L1 {:.3g} ({:.2f} of the "
                                 "tolerance)",
                                 a.passed() ? "passed" : "FAILED", rows, a.relative_l1, a.worst_ratio));
  lines.add("lost", metrics_text(check.accuracy) + " against attention in double");
}

Result<void> write_outputs(const RunArguments& arguments, const Array& o, const Array& lse) {
  if (!arguments.out.empty() && arguments.out == arguments.lse) {
    return save_tensors(arguments.out, {{"o", &o}, {"lse", &lse}});
  }
  if (!arguments.out.empty()) ATTUNE_CHECK(save_tensors(arguments.out, {{"o", &o}}));
  if (!arguments.lse.empty()) ATTUNE_CHECK(save_tensors(arguments.lse, {{"lse", &lse}}));
  return {};
}

constexpr const char* untimed = "not measured: the emulator tells what a kernel computes, not how fast a GPU is";

std::string time_line(const Problem& problem, const Times& times) {
  std::string line = time_text(times.median());
  if (!times.repeat_ms.empty()) {
    line += fmt::format(" (median of {} calls after the first, which took {})", times.repeat_ms.size(),
                        time_text(times.first_ms));
  }
  if (const auto rate = gflops(problem, times.median())) line += fmt::format(", {:.1f} GFLOP/s", *rate);
  return line;
}

Report report(const RunArguments& arguments, runtime::Context& context, const AttentionInputs& inputs,
              const runtime::Plan& plan, double plan_ms, const Times& times, const Array& o, const Check* check) {
  const Problem& p = inputs.problem;
  const bool timed = context.device().device_class().kind != "emulated";
  Report out;
  out.json = {{"problem", problem_json(p)}, {"plan", plan_json(plan, context.device())}, {"plan_ms", plan_ms}};
  if (timed) {
    out.json["first_call_ms"] = times.first_ms;
    out.json["repeat_ms"] = times.repeat_ms;
    out.json["median_ms"] = times.median();
    if (const auto rate = gflops(p, times.median())) out.json["gflops"] = *rate;
  }
  out.json["notes"] = inputs.notes;
  if (check != nullptr) out.json["check"] = check_json(*check);
  if (!arguments.out.empty()) out.json["out"] = arguments.out;
  if (!arguments.lse.empty()) out.json["lse"] = arguments.lse;

  Lines lines;
  lines.add("problem", to_text(p));
  if (!plan.provenance.quantization.empty()) lines.add("chosen", plan.provenance.quantization);
  lines.add("kernel", kernel_line(plan, context.device()));
  lines.add("config", config_line(plan, context.device()));
  lines.add("origin", fmt::format("{}; plan ready after {}", origin_line(plan), time_text(plan_ms)));
  lines.add("time", timed ? time_line(p, times) : untimed);
  if (check != nullptr) {
    const tuner::Accuracy& a = check->verdict();
    add_check(lines, *check);
    if (!a.passed()) {
      out.code = ExitCode::verification_failed;
      out.complaint =
          fmt::format("the result is wrong ({}); report the output of 'attune explain' and try another --isa", a.worst);
    }
  }
  for (const std::string& note : inputs.notes) lines.add("note", note);
  if (!arguments.out.empty())
    lines.add("output", fmt::format("{} {} {}", arguments.out, shape_text(o.shape()), name(o.dtype())));
  if (!arguments.lse.empty()) lines.add("lse", arguments.lse);
  out.text = lines.text();
  return out;
}

Result<Report> run(const Program& program, const RunArguments& arguments) {
  ATTUNE_TRY(const runtime::Policy policy, runtime::parse_policy(arguments.policy));
  ATTUNE_TRY(const auto context, open_context(arguments.context));
  ATTUNE_TRY(const AttentionInputs inputs, read_inputs(arguments.attention));
  if (!arguments.out.empty()) ATTUNE_CHECK(check_output_name(arguments.out, "--out", inputs.problem.dtype));
  if (!arguments.lse.empty()) ATTUNE_CHECK(check_output_name(arguments.lse, "--lse", DType::f32));
  if (arguments.out == arguments.lse && arguments.out.ends_with(".npy")) {
    return Error(Status::invalid_argument,
                 "--lse: a .npy file holds one tensor; give another name than --out, or .safetensors");
  }
  tuner::TuneOptions tuning;
  ATTUNE_TRY(tuning.budget, tuner::parse_budget(arguments.budget));
  tuning.worker_program = program.path();
  tuner::install(*context, tuning);

  const double begin_ms = now_ms();
  ATTUNE_TRY(const runtime::PlanPtr plan, context->find(inputs.problem, policy));
  const double plan_ms = now_ms() - begin_ms;

  ATTUNE_TRY(auto o, make_output(inputs.problem));
  Array lse;
  if (inputs.problem.want_lse) {
    ATTUNE_TRY(lse, make_lse(inputs.problem));
  }
  ATTUNE_TRY(const auto placed, Placed::make(context->device(), inputs, o, lse, plan->workspace_bytes));
  ATTUNE_CHECK(runtime::validate(inputs.problem, placed.tensors()));
  ATTUNE_TRY(const Times times, execute(*context, *plan, placed, arguments.repeat));
  ATTUNE_CHECK(placed.read_outputs(o, lse));
  ATTUNE_CHECK(write_outputs(arguments, o, lse));

  if (!arguments.check) return report(arguments, *context, inputs, *plan, plan_ms, times, o, nullptr);
  ATTUNE_TRY(const Check check, check_result(inputs, *plan, context->device().device_class(), o, lse, arguments.check_rows));
  return report(arguments, *context, inputs, *plan, plan_ms, times, o, &check);
}

void add_attention_options(CLI::App& verb, RunArguments& a) {
  AttentionRequest& r = a.attention;
  const std::string files = "Tensors (.npy, .safetensors or FILE.safetensors:NAME)";
  const auto file = [&](const char* option, std::string& target, const char* meaning) {
    return verb.add_option(option, target, meaning)->type_name("FILE")->group(files);
  };
  file("--q", r.q, "Queries [B,Hq,Sq,D]: fp32, fp16 or bf16")->required();
  file("--k", r.k, "Keys [B,Hkv,Skv,D]")->required();
  file("--v", r.v, "Values [B,Hkv,Skv,Dv]")->required();
  file("--out", a.out, "Writes the output here");
  file("--lse", a.lse, "Writes the log-sum-exp here, [B,Hq,Sq] fp32");
  file("--mask", r.mask, "Mask that broadcasts over [B,Hq,Sq,Skv]: bool keeps where true, float is added");
  file("--kv-lengths", r.kv_lengths, "Keys per batch element, int32 or int64 [B]");
  file("--sinks", r.sinks, "One more logit per query head in the softmax, fp32 [Hq]");
  file("--alibi", r.alibi, "ALiBi slopes, fp32 [Hq] or [B,Hq]");
  file("--cu-seqlens-q", r.cu_seqlens_q, "Packed queries [total,Hq,D]: cumulative lengths, int [B+1]");
  file("--cu-seqlens-kv", r.cu_seqlens_kv, "Packed keys and values [total,Hkv,D]: cumulative lengths, int [B+1]");
  file("--q-scales", r.q_scales, "With given-qk, where --q and --k hold codes: scales of Q, fp32 [B,Hq,groups]");
  file("--k-scales", r.k_scales, "The same of K, fp32 [B,Hkv,groups]");
  file("--v-scales", r.v_scales, "With given-v, where --v holds codes [B,Hkv,blocks,Dv,64]: scales of V, fp32 [B,Hkv,Dv]");
  file("--page-table", r.page_table, "Keys and values in pages [pages,Hkv,page,D]: pages of each sequence, int [B,N]");

  const std::string attention = "Attention";
  verb.add_option("--causal", r.causal, "Causal mask: top-left (PyTorch) or bottom-right (FlashAttention 2.1 and later)")
      ->type_name("ALIGNMENT")
      ->check(CLI::IsMember({"top-left", "bottom-right"}))
      ->group(attention);
  verb.add_option("--window", r.window, "Sliding window: keys visible to the left and right, -1 for no bound")
      ->type_name("LEFT,RIGHT")
      ->group(attention);
  verb.add_option("--softcap", r.softcap, "s <- X tanh(s / X) after the scale")->type_name("X")->group(attention);
  verb.add_option("--scale", r.scale, "Softmax scale instead of 1 / sqrt(D)")->type_name("X")->group(attention);
  verb.add_option("--layout", r.layout, "bhsd or bshd")
      ->type_name("NAME")
      ->check(CLI::IsMember({"bhsd", "bshd"}))
      ->capture_default_str()
      ->group(attention);
  verb.add_option("--quantization", r.quantization,
                  "Quantization of Q, K and V: a preset such as sage2-8b, or words such as int8,warp,k-mean (docs/cli.md)")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(attention);
  verb.add_option("--dtype", r.dtype, "Type of O with given-qkv: fp32, fp16 or bf16; otherwise that of the tensors")
      ->type_name("NAME")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16"}))
      ->group(attention);
}

}  // namespace

void add_run(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "run", "Runs attention over .npy or .safetensors files",
                                    "attune run --q Q.npy --k K.npy --v V.npy --out O.npy --causal top-left --check");
  const auto a = std::make_shared<RunArguments>();
  add_attention_options(verb, *a);
  const std::string group = "Running";
  verb.add_flag("--check", a->check,
                "Compares the result with attention in double, a quantized one with its exact model; exit code 4 when it is "
                "wrong")
      ->group(group);
  verb.add_option("--check-rows", a->check_rows, "Rows to compare, 0 for all; default all when they are cheap, else 512")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  verb.add_option("--repeat", a->repeat, "Calls after the first, for its time; default up to 5 within a second")
      ->type_name("N")
      ->check(CLI::Range(0, 1000000))
      ->group(group);
  verb.add_option("--policy", a->policy, "What a call may do: cached_only, compile, tune_if_missing or retune")
      ->type_name("NAME")
      ->check(CLI::IsMember({"cached_only", "compile", "tune_if_missing", "retune"}))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--budget", a->budget, "Budget of tuning under --policy tune_if_missing or retune")
      ->type_name("BUDGET")
      ->capture_default_str()
      ->group(group);
  add_context_options(verb, a->context);
  program.on(verb, [&program, a] {
    a->attention.want_lse = !a->lse.empty();
    return run(program, *a);
  });
}

}  // namespace attune::cli
