// What is compared with what.
#include "cli/accuracy/tables.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace attune::cli {
namespace {

using tuner::quantized::SinkRule;

// `text` is written below and parses; a test reads all tables.
AccuracyRow row(std::string text, std::string published = "") {
  const auto request = parse_quantization(text);
  assert(request.ok());
  return {{text, "", *request}, std::move(published)};
}

AccuracyRow short_sums(std::string text, std::string published = "") {
  AccuracyRow made = row(std::move(text), std::move(published));
  made.variant.name += " *";
  made.variant.short_accumulator = true;
  return made;
}

AccuracyRow sink(SinkRule rule, std::string meaning) {
  AccuracyRow made = row("sage2-4b,k-sink");
  made.variant.name = std::move(meaning);
  made.variant.sink_rule = rule;
  return made;
}

const std::vector<std::string>& all_data() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const DataSet& data : data_sets()) all.push_back(data.name);
    return all;
  }();
  return names;
}

std::vector<AccuracyTable> make_tables() {
  const std::string cogvideo = "Published: int4 with thread scales and e4m3 PV on the activations of CogVideoX.";
  const std::string layers = "Published: int8 QK, mean over the layers of several models.";
  return {
      {"presets",
       "Presets",
       "The presets with thread scales also with `k-sink` in place of `k-mean`.",
       all_data(),
       {row("none"), row("sage1"), row("sage2-8b"), row("sage2++"), row("sage2-4b"), row("sage2-8b,k-sink"),
        row("sage2++,k-sink"), row("sage2-4b,k-sink")}},
      {"synthetic",
       "SageAttention 1 on N(0,1)",
       "Published on N(0,1) of unnamed size. Theirs sums PV wholly in fp16 and, in the last two rows, gives P one fixed "
       "scale of "
       "1/127; P has a scale a row and tile here.",
       {"normal"},
       {row("sage1,token", "1.0 / 0.019 / 6.8e-4"), row("sage1", "1.0 / 0.021 / 7.3e-4"),
        row("int8,token,k-mean,pv-int8", "0.999 / 0.064 / 0.065"),
        row("int8,block,k-mean,pv-int8", "0.989 / 0.138 / 0.067")}},
      {"values",
       "Operands and accumulation of PV",
       layers + " The rows with * have the short accumulators of fp8 on Ada and Hopper (13 bits below the leading one). "
                "`v-mean` wins "
                "where channels of V are biased, and loses where a sink of small value takes most of a row: less the mean "
                "it is the "
                "outlier.",
       {"normal", "llm-sink", "dit", "dit-no-v-bias"},
       {row("int8,k-mean", "0.9998 / 0.0156 / 2.94e-3"), row("int8,k-mean,acc-f16"), row("int8,k-mean,acc-f16,flush-64"),
        row("int8,k-mean,pv-e4m3", "0.9994 / 0.0345 / 3.53e-3"), short_sums("int8,k-mean,pv-e4m3"), short_sums("sage2-8b"),
        row("sage2-8b,v-mean"), row("sage2++"), row("sage2++,flush-32"), row("sage2++,flush-128"), row("sage2++,v-mean"),
        row("int8,k-mean,pv-int8", "0.9970 / 0.1035"), row("int8,k-mean,v-mean,pv-int8")}},
      {"fp8",
       "fp8 of Q and K, and of P and V alone",
       "",
       {"normal", "fa3", "llm-sink", "dit"},
       {row("pv-e4m3"), row("int8,pv-e4m3"), row("e4m3,tensor,pv-e4m3"), row("e4m3,block,pv-e4m3"), row("e4m3,pv-e4m3"),
        row("e4m3,token,pv-e4m3"), row("e4m3,k-mean,pv-e4m3")}},
      {"smoothing",
       "Smoothing, int4",
       cogvideo,
       {"llm-mild", "llm-sink", "dit", "dit-no-v-bias", "dit-hard", "dit-hard-no-v-bias"},
       {row("sage2-4b,k-none,q-none", "0.8004 / 0.3906 / 0.2223"), row("sage2-4b,q-none", "0.9807 / 0.1493 / 0.0743"),
        row("sage2-4b,k-none", "0.9830 / 0.1250 / 0.0712"), row("sage2-4b", "0.9946 / 0.0648 / 0.0334"),
        row("sage2-4b,k-sink,q-none"), row("sage2-4b,k-sink")}},
      {"smoothing-int8",
       "Smoothing, int8",
       "",
       {"llm-mild", "llm-sink", "dit", "dit-no-v-bias", "dit-hard", "dit-hard-no-v-bias"},
       {row("sage2-8b,k-none"), row("sage2-8b"), row("sage2-8b,q-mean"), row("sage2-8b,k-sink"),
        row("sage2-8b,k-sink,q-mean")}},
      {"sinks",
       "What becomes of sink keys, int4 with Q and K smoothed",
       "`k-sink` is the second row; the others were tried beside it.",
       {"normal", "llm-mild", "llm-sink", "dit", "dit-hard-no-v-bias"},
       {row("sage2-4b"), sink(SinkRule::apart, "scored apart in fp32"), sink(SinkRule::key, "kept as it is, by keys"),
        sink(SinkRule::first_block, "first tile kept as it is"),
        sink(SinkRule::block_choice, "by tiles, the smaller amax")}},
      {"granularity",
       "Granularity, int4 with Q and K smoothed",
       cogvideo,
       {"normal", "llm-sink", "dit", "dit-no-v-bias", "dit-hard-no-v-bias"},
       {row("sage2-4b,tensor", "0.9715 / 0.1800 / 0.0865"), row("sage2-4b,block", "0.9803 / 0.1492 / 0.0744"),
        row("sage2-4b,warp"), row("sage2-4b", "0.9945 / 0.0622 / 0.0313"),
        row("sage2-4b,token", "0.9945 / 0.0649 / 0.0335")}},
      {"scales",
       "Scale conventions",
       "They differ by single codes: on finite data of ordinary size none is better.",
       {"normal", "llm-sink", "dit"},
       {row("sage2-8b"), row("sage2-8b,scale-reciprocal"), row("sage2-8b,scale-divided"), row("sage2-4b"),
        row("sage2-4b,scale-reciprocal"), row("sage2-4b,scale-divided")}},
  };
}

}  // namespace

std::vector<AccuracyTable> accuracy_tables() { return make_tables(); }

AccuracyTable single_table(const Quantization& request) {
  AccuracyRow only;
  only.variant.name = to_text(request);
  only.variant.request = request;
  return {"request", to_text(request), "", all_data(), {only}};
}

Result<std::vector<MeasuredTable>> AccuracyRun::measure(const std::vector<AccuracyTable>& tables) {
  const auto key = [](const std::string& data, const Variant& v) {
    return Key(data, to_text(v.request), static_cast<int>(v.sink_rule), v.short_accumulator);
  };
  // By data, so that no more than one set is held at a time.
  for (const DataSet& data : data_sets()) {
    const bool wanted = std::any_of(tables.begin(), tables.end(), [&](const AccuracyTable& table) {
      return std::find(table.data.begin(), table.data.end(), data.name) != table.data.end();
    });
    if (!wanted) continue;
    if (progress_) progress_(data.name);
    ATTUNE_TRY(const Study study, Study::make(data, size_, pool_));
    for (const AccuracyTable& table : tables) {
      if (std::find(table.data.begin(), table.data.end(), data.name) == table.data.end()) continue;
      for (const AccuracyRow& entry : table.rows) {
        if (known_.contains(key(data.name, entry.variant))) continue;
        ATTUNE_TRY(const auto metrics, study.measure(entry.variant, pool_));
        known_.emplace(key(data.name, entry.variant), metrics);
      }
    }
  }
  std::vector<MeasuredTable> measured;
  for (const AccuracyTable& table : tables) {
    MeasuredTable& filled = measured.emplace_back(MeasuredTable{table, {}});
    for (const AccuracyRow& entry : table.rows) {
      auto& cells = filled.metrics.emplace_back();
      for (const std::string& data : table.data) cells.push_back(known_.at(key(data, entry.variant)));
    }
  }
  return measured;
}

}  // namespace attune::cli
