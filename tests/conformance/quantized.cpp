// Requests, targets and the judge.
#include "tests/conformance/quantized.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "generator/dtype_codec.hpp"
#include "generator/family.hpp"
#include "generator/given_operands.hpp"
#include "tuner/model_reference.hpp"
#include "tuner/quantized/error.hpp"
#include "tuner/reference_row.hpp"

namespace attune::test {
namespace {

std::vector<std::string> all_canonical(std::initializer_list<const char*> written) {
  std::vector<std::string> texts;
  for (const char* text : written) texts.push_back(canonical(text));
  return texts;
}

}  // namespace

const std::vector<std::string>& quantized_requests() {
  static const std::vector<std::string> all = all_canonical({
      "sage1",
      "sage2-8b",
      "sage2-4b",
      "sage2++",
      // Granularities, of both integer formats.
      "int8,tensor,k-mean",
      "int8,block",
      "int8,warp,k-mean",
      "int8,k-mean",
      "int8,token",
      "int4,tensor,k-mean,q-mean,pv-e4m3",
      "int4,block,k-mean",
      "int4,warp,k-mean,q-mean",
      "int4,token,k-sink,q-mean",
      // Smoothing.
      "int8,token,k-sink,pv-e4m3",
      "int8,q-mean",
      "sage2-4b,k-sink,v-mean",
      "int8,k-mean,v-mean,pv-e4m3",
      // Q and K in fp8.
      "e4m3,k-mean,pv-e4m3",
      "e4m3,token",
      // P V.
      "pv-e4m3",
      "pv-int8",
      "int8,k-mean,pv-int8",
      "int8,block,q-mean,v-mean,pv-int8",
      // Sums and their flushes.
      "acc-f16",
      "int8,k-mean,acc-f16",
      "int8,k-mean,v-mean,acc-f16,flush-32",
      "int8,warp,acc-f16,flush-128",
      "int8,k-mean,pv-e4m3,flush-32",
      "sage2-8b,flush-128",
      "sage2++,flush-32",
      "sage2++,flush-128",
      "sage2-8b,flush-256",
      // Scales as published.
      "sage2-8b,scale-reciprocal",
      "sage1,scale-divided",
      "sage2++,scale-divided",
      "int8,warp,k-mean,scale-reciprocal",
  });
  return all;
}

const std::vector<std::string>& given_requests() {
  static const std::vector<std::string> all = all_canonical({
      "int8,given-qk",
      "int4,token,given-qk,pv-e4m3,v-mean",
      "e4m3,tensor,given-qk,acc-f16",
      "int8,k-mean,pv-e4m3,flush-64,given-v",
      "pv-int8,given-v",
      "int8,warp,pv-e4m3,acc-f16,flush-64,given-qkv",
      "int8,block,pv-int8,given-qkv",
  });
  return all;
}

std::string canonical(const std::string& request) { return to_text(*parse_quantization(request)); }

bool is_emulated(const std::string& target) { return target.starts_with("emulated:"); }

std::vector<std::string> quantized_targets() {
  std::vector<std::string> targets;
  for (const std::string& target : test_targets()) {
    if (target.find('/') == std::string::npos) targets.push_back(target);
  }
  return targets;
}

std::vector<std::string> quantized_representatives() {
  std::vector<std::string> targets;
  for (const std::string& target : quantized_targets()) {
    if (!is_emulated(target) || target == "emulated:sm_89") targets.push_back(target);
  }
  return targets;
}

bool must_support(const std::string& target, const Quantization& request) {
  const bool fp8 = request.qk == QkOperand::e4m3 || request.pv == PvOperand::e4m3;
  if (target == "emulated:sm_80") return !fp8;
  // The tensor cores of sm_90 and later have no int4.
  if (target == "emulated:sm_90a" || target == "emulated:sm_120a") return request.qk != QkOperand::int4;
  return true;  // sm_89, and every instruction set of a host
}

std::vector<std::string> requests_of(const std::string& target) {
  std::vector<std::string> requests;
  for (const std::string& text : quantized_requests()) {
    if (must_support(target, *parse_quantization(text))) requests.push_back(text);
  }
  return requests;
}

std::string run_quantized(const std::string& target, Workload& work, const std::optional<Config>& wanted) {
  Conformer& device = conformer(target);
  const Problem& problem = work.problem();
  const DeviceClass& device_class = device.context().device().device_class();
  const auto family = device.context().select_family(problem);
  if (!family.ok()) return "refused: " + family.error().message();
  const Config config =
      wanted ? *wanted : (*family)->heuristic((*family)->spec(problem, device_class), problem, device_class);
  if (std::string failure = device.execute(work, config); !failure.empty()) return failure;
  if (std::string damage = work.damage(); !damage.empty()) return damage;
  const QuantizedSchedule schedule = (*family)->quantized_schedule(problem, config, device_class);
  const auto accuracy = tuner::check_against_model(problem, work.tensors(), schedule, 0, 1);
  if (!accuracy.ok()) return "no model: " + accuracy.error().message();
  return accuracy->passed() ? std::string() : fmt::format("{}, config {}", accuracy->to_text(), config.to_text());
}

std::string check_quantized(const Case& test_case) {
  report_case_on_crash(test_case.to_json());
  if (const auto valid = validate(test_case.problem); !valid.ok()) return valid.error().message();
  Workload work(test_case.problem, test_case.workload);
  const std::string text = run_quantized(test_case.target, work, test_case.config);
  if (text.empty()) return {};
  return fmt::format("{}\n  {}\n  case: {}", text, to_text(test_case.problem), test_case.to_json());
}

std::string replay_case(const Case& test_case) {
  return test_case.problem.quantization == "none" ? conformer(test_case.target).run(test_case, 0)
                                                  : check_quantized(test_case);
}

void for_each_code(Workload& work, const std::function<void(uint8_t&)>& element,
                   const std::function<void(uint8_t&)>& padding) {
  const Problem& p = work.problem();
  const Quantization request = given_request(p);
  const PaddedRows rows(p, request.granularity);
  const Tensors& t = work.tensors();
  auto* v = static_cast<uint8_t*>(t.v.data);
  std::vector<bool> used(static_cast<size_t>(rows.v_codes));
  const auto rows_of = [&](const TensorView& view, int64_t heads, int64_t length) {
    const int64_t bits = code_bits(request.qk);
    for (int64_t b = 0; b < p.batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t i = 0; i < length; ++i) {
          const int64_t at = b * view.stride_batch + h * view.stride_head + i * view.stride_seq;
          auto* row = static_cast<uint8_t*>(view.data) + at * bits / 8;
          for (int64_t n = 0; n < p.head_dim_qk * bits / 8; ++n) element(row[n]);
        }
      }
    }
  };
  rows_of(t.q, p.heads_q, p.seqlen_q);
  rows_of(t.k, p.heads_kv, p.seqlen_kv);
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads_kv; ++h) {
      for (int64_t n = 0; n < p.seqlen_kv; ++n) {
        for (int64_t c = 0; c < p.head_dim_v; ++c) {
          const int64_t at = rows.v_code(b, h, 0, n, c);
          used[static_cast<size_t>(at)] = true;
          element(v[at]);
        }
      }
    }
  }
  for (size_t at = 0; at < used.size(); ++at) {
    if (!used[at]) padding(v[at]);
  }
}

void give_any_codes(Workload& work) {
  uint32_t state = 1;
  const auto any = [&state](uint8_t& code) {
    state = state * 1664525 + 1013904223;
    code = state >> 29 == 0 ? 0x80 : state >> 29 == 1 ? 0x88 : static_cast<uint8_t>(state >> 20);
  };
  for_each_code(work, any, [](uint8_t& code) { code = 0x81; });
  work.seal();
}

void give_scales_of_0(Workload& work) {
  const Tensors& t = work.tensors();
  for (const float* scale : {t.q_scales + 3, t.k_scales + 5, t.v_scales + 1}) const_cast<float&>(*scale) = 0;
  work.seal();
}

Metrics metrics_against_double(const Workload& work) {
  const Problem& p = work.problem();
  tuner::ReferenceRow reference(p, work.tensors());
  tuner::quantized::ErrorSum sum;
  std::vector<float> row(static_cast<size_t>(p.head_dim_v));
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t i = 0; i < p.seqlen_q; ++i) {
        reference.compute(b, h, i);
        for (int64_t d = 0; d < p.head_dim_v; ++d) row[static_cast<size_t>(d)] = work.get(work.tensors().o, b, h, i, d);
        sum.add(reference.output(), row);
      }
    }
  }
  const auto metrics = sum.metrics();
  return {metrics.cosine, metrics.relative_l1, metrics.rmse};
}

}  // namespace attune::test
