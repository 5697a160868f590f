// Names, reading, printing and contradictions of quantization requests.
#include "generator/quantization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace attune {
namespace {

constexpr size_t max_text_bytes = 200;
constexpr std::array<int64_t, 4> flush_intervals = {32, 64, 128, 256};

constexpr Quantization sage1() {
  Quantization q;
  q.qk = QkOperand::int8;
  q.granularity = Granularity::block;
  q.k_smoothing = KSmoothing::mean;
  q.accumulator = PvAccumulator::f16;
  q.flush_keys = 64;
  return q;
}

constexpr Quantization sage2(QkOperand qk, QSmoothing q_smoothing, PvAccumulator accumulator) {
  Quantization q;
  q.qk = qk;
  q.k_smoothing = KSmoothing::mean;
  q.q_smoothing = q_smoothing;
  q.pv = PvOperand::e4m3;
  q.accumulator = accumulator;
  q.flush_keys = 64;
  return q;
}

constexpr Quantization chosen_by_the_tuner() {
  Quantization q;
  q.automatic = true;
  return q;
}

constexpr std::array<QuantizationPreset, 6> presets = {{
    {"none", "nothing is quantized", Quantization{}},
    {"sage1", "int8 Q and K by blocks, K smoothed, PV in fp16 summed in fp16 and flushed every 64 keys", sage1()},
    {"sage2-8b", "int8 Q and K by threads, K smoothed, PV in e4m3 summed in fp32 and flushed every 64 keys",
     sage2(QkOperand::int8, QSmoothing::none, PvAccumulator::f32)},
    {"sage2-4b", "int4 Q and K by threads, Q and K smoothed, PV in e4m3 summed in fp32 and flushed every 64 keys",
     sage2(QkOperand::int4, QSmoothing::block_mean, PvAccumulator::f32)},
    {"sage2++", "int8 Q and K by threads, K smoothed, PV in e4m3 summed in fp16 and flushed every 64 keys",
     sage2(QkOperand::int8, QSmoothing::none, PvAccumulator::f16)},
    {"sage", "the fastest of sage1, sage2-8b, sage2-4b and sage2++ that the device has", chosen_by_the_tuner()},
}};

// One word: sets its axis, and knows whether its value stands there. Words of one axis are neighbours; the first is the
// default.
struct Word {
  QuantizationWord text;
  void (*set)(Quantization&);
  bool (*is)(const Quantization&);
};

template <auto member, auto value>
constexpr Word word(std::string_view axis, std::string_view text, std::string_view meaning) {
  return {{axis, text, meaning},
          [](Quantization& q) { q.*member = value; },
          [](const Quantization& q) { return q.*member == value; }};
}

using Q = Quantization;
constexpr std::array words = {
    word<&Q::qk, QkOperand::input>("Q and K", "qk-input", "Q and K in the tensors' own type"),
    word<&Q::qk, QkOperand::int8>("Q and K", "int8", "Q and K in int8"),
    word<&Q::qk, QkOperand::int4>("Q and K", "int4", "Q and K in int4"),
    word<&Q::qk, QkOperand::e4m3>("Q and K", "e4m3", "Q and K in fp8 e4m3"),
    word<&Q::granularity, Granularity::thread>("granularity", "thread",
                                               "a scale for the rows of a lane of the mma fragment"),
    word<&Q::granularity, Granularity::tensor>("granularity", "tensor", "one scale a head"),
    word<&Q::granularity, Granularity::block>("granularity", "block", "a scale for each query block and key tile"),
    word<&Q::granularity, Granularity::warp>("granularity", "warp",
                                             "a scale for the query rows of a warp and each key tile"),
    word<&Q::granularity, Granularity::token>("granularity", "token", "a scale for each row of Q and of K"),
    word<&Q::k_smoothing, KSmoothing::none>("smoothing of K", "k-none", "K as it is"),
    word<&Q::k_smoothing, KSmoothing::mean>("smoothing of K", "k-mean", "K less its mean key"),
    word<&Q::k_smoothing, KSmoothing::sink_mean>("smoothing of K", "k-sink",
                                                 "K less its mean key, sink keys scored apart in fp32"),
    word<&Q::q_smoothing, QSmoothing::none>("smoothing of Q", "q-none", "Q as it is"),
    word<&Q::q_smoothing, QSmoothing::block_mean>("smoothing of Q", "q-mean", "Q less the mean of its block, with delta S"),
    word<&Q::v_smoothing, VSmoothing::none>("smoothing of V", "v-none", "V as it is"),
    word<&Q::v_smoothing, VSmoothing::mean>("smoothing of V", "v-mean", "V less its mean value, which is added to O"),
    word<&Q::pv, PvOperand::input>("P and V", "pv-input", "P and V in the tensors' own type; fp16 with acc-f16"),
    word<&Q::pv, PvOperand::e4m3>("P and V", "pv-e4m3", "P and V in fp8 e4m3, a scale for each channel of V"),
    word<&Q::pv, PvOperand::int8>("P and V", "pv-int8", "P in int8 with a scale a row, V in int8 with a scale a channel"),
    word<&Q::accumulator, PvAccumulator::f32>("accumulation of PV", "acc-f32", "summed in fp32"),
    word<&Q::accumulator, PvAccumulator::f16>("accumulation of PV", "acc-f16", "summed in fp16"),
    word<&Q::flush_keys, int64_t{0}>("flush interval", "flush-0", "the sums are kept to the end"),
    word<&Q::flush_keys, int64_t{32}>("flush interval", "flush-32", "added to fp32 sums every 32 keys"),
    word<&Q::flush_keys, int64_t{64}>("flush interval", "flush-64", "added to fp32 sums every 64 keys"),
    word<&Q::flush_keys, int64_t{128}>("flush interval", "flush-128", "added to fp32 sums every 128 keys"),
    word<&Q::flush_keys, int64_t{256}>("flush interval", "flush-256", "added to fp32 sums every 256 keys"),
    word<&Q::scales, ScaleConvention::safe>("scales", "scale-safe", "safe for zeros, subnormals and non-finite elements"),
    word<&Q::scales, ScaleConvention::reciprocal>("scales", "scale-reciprocal", "as SageAttention's CUDA quantizers"),
    word<&Q::scales, ScaleConvention::divided>("scales", "scale-divided", "as SageAttention's Triton quantizers"),
    word<&Q::given, Given::none>("given codes", "given-none", "Q, K and V are given in the tensors' own type"),
    word<&Q::given, Given::qk>("given codes", "given-qk", "codes and scales are given in place of Q and K"),
    word<&Q::given, Given::v>("given codes", "given-v", "codes and scales are given in place of V"),
    word<&Q::given, Given::qkv>("given codes", "given-qkv", "codes and scales are given in place of Q, K and V"),
};

Error wrong(std::string message) { return {Status::invalid_argument, std::move(message)}; }

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > 40) out += "...";
  return out;
}

std::string all_names() {
  std::string text;
  for (const QuantizationPreset& preset : presets) text += fmt::format("{}{}", text.empty() ? "" : ", ", preset.name);
  text += ", or words of";
  for (const Word& w : words) text += fmt::format("{} {}", &w == words.data() ? "" : ",", w.text.word);
  return text;
}

// A contradiction, the nearest request without one, and how to write it.
Error contradiction(const Quantization& request, std::string_view why, Quantization nearest) {
  return wrong(fmt::format("quantization {}: {}; give {} instead.", to_text(request), why, to_text(nearest)));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find_first_of(", ", begin), text.size());
    if (end > begin) pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return pieces;
}

}  // namespace

float Quantization::qk_target() const {
  switch (qk) {
    case QkOperand::input: return 0;
    case QkOperand::int8: return 127;
    case QkOperand::int4: return 7;
    case QkOperand::e4m3: return 448;
  }
  return 0;
}

float Quantization::v_target() const {
  if (pv == PvOperand::input) return 0;
  if (pv == PvOperand::int8) return 127;
  return accumulator == PvAccumulator::f16 ? 144 / static_cast<float>(flush_keys) : 448;
}

Quantization Quantization::own() const {
  Quantization rest = *this;
  rest.given = Given::none;
  if (given_qk()) {
    rest.qk = QkOperand::input;
    rest.granularity = Granularity::thread;
  }
  if (given_v()) {
    rest.pv = PvOperand::input;
    rest.accumulator = PvAccumulator::f32;
    rest.flush_keys = 0;
  }
  return rest;
}

std::span<const QuantizationPreset> quantization_presets() { return presets; }

std::vector<Quantization> quantization_candidates() {
  std::vector<Quantization> all;
  for (const std::string_view name : {"sage2-4b", "sage2++", "sage2-8b", "sage1"}) {
    all.push_back(
        std::find_if(presets.begin(), presets.end(), [&](const auto& preset) { return preset.name == name; })->value);
  }
  return all;
}

std::vector<QuantizationWord> quantization_words() {
  std::vector<QuantizationWord> all;
  for (const Word& w : words) all.push_back(w.text);
  return all;
}

Result<Quantization> parse_quantization(std::string_view text) {
  if (text.size() > max_text_bytes) {
    return wrong(fmt::format("quantization is {} characters long; give at most {}.", text.size(), max_text_bytes));
  }
  const std::vector<std::string_view> pieces = split(text);
  if (pieces.empty()) return wrong("quantization is empty; give 'none' for no quantization.");
  Quantization request;
  std::set<std::string_view> named;
  for (size_t n = 0; n < pieces.size(); ++n) {
    const auto is_piece = [&](const auto& entry) { return entry.name == pieces[n]; };
    if (const auto preset = std::find_if(presets.begin(), presets.end(), is_piece); preset != presets.end()) {
      if (n > 0) {
        return wrong(
            fmt::format("quantization: the preset '{}' stands behind other words; give it first, and only one.", pieces[n]));
      }
      request = preset->value;
      continue;
    }
    const std::string_view known = pieces[n].starts_with("qk-") && pieces[n] != "qk-input" ? pieces[n].substr(3) : pieces[n];
    const auto found = std::find_if(words.begin(), words.end(), [&](const Word& w) { return w.text.word == known; });
    const bool prefixed_other = known.size() != pieces[n].size() && (found == words.end() || found->text.axis != "Q and K");
    if (found == words.end() || prefixed_other) {
      return wrong(fmt::format("quantization: '{}' is unknown; give {}.", printable(pieces[n]), all_names()));
    }
    if (!named.insert(found->text.axis).second) {
      return wrong(
          fmt::format("quantization: '{}' names {} a second time; leave one of them out.", pieces[n], found->text.axis));
    }
    if (request.automatic) {
      return wrong(
          fmt::format("quantization: 'sage' chooses every axis, so '{}' cannot change it; give one of sage1, "
                      "sage2-8b, sage2-4b and sage2++ with it.",
                      pieces[n]));
    }
    found->set(request);
  }
  ATTUNE_CHECK(validate(request));
  return request;
}

std::string to_text(const Quantization& request) {
  for (const QuantizationPreset& preset : presets) {
    if (preset.value == request) return std::string(preset.name);
  }
  std::string text;
  const Quantization defaults;
  for (const Word& w : words) {
    if (w.is(request) && !w.is(defaults)) text += fmt::format("{}{}", text.empty() ? "" : ",", w.text.word);
  }
  return text;
}

Result<void> validate(const Quantization& q) {
  const Quantization defaults;
  Quantization nearest = q;
  if (q.automatic) {
    if (q == chosen_by_the_tuner()) return {};
    return contradiction(chosen_by_the_tuner(), "'sage' chooses every axis, and here others are set", chosen_by_the_tuner());
  }
  if (q.flush_keys != 0 &&
      std::find(flush_intervals.begin(), flush_intervals.end(), q.flush_keys) == flush_intervals.end()) {
    return wrong(fmt::format(
        "quantization: a flush interval of {} keys is not available; give 32, 64, 128 or 256 (0: never).", q.flush_keys));
  }
  if (!q.quantizes_qk()) {
    nearest.qk = QkOperand::int8;
    if (q.granularity != defaults.granularity) {
      return contradiction(q, "a granularity needs Q and K that are quantized", nearest);
    }
    if (q.k_smoothing != KSmoothing::none || q.q_smoothing != QSmoothing::none) {
      return contradiction(q, "Q and K are smoothed for their quantization, and there is none", nearest);
    }
    nearest = q;
  }
  if (q.pv == PvOperand::int8 && (q.accumulator != PvAccumulator::f32 || q.flush_keys != 0)) {
    nearest.accumulator = PvAccumulator::f32;
    nearest.flush_keys = 0;
    return contradiction(q, "products of int8 are summed in int32 and added to fp32 sums every key tile", nearest);
  }
  if (q.pv == PvOperand::e4m3 && q.accumulator == PvAccumulator::f16 && q.flush_keys == 0) {
    nearest.flush_keys = 64;
    return contradiction(q, "fp16 sums of e4m3 products overflow unless they are flushed", nearest);
  }
  if (q.pv == PvOperand::input && q.accumulator == PvAccumulator::f32 && q.flush_keys != 0) {
    nearest.flush_keys = 0;
    return contradiction(q, "sums in fp32 of P and V that are not quantized need no flush", nearest);
  }
  if (q.v_smoothing != VSmoothing::none && q.pv == PvOperand::input && q.accumulator == PvAccumulator::f32) {
    nearest.v_smoothing = VSmoothing::none;
    return contradiction(q, "V is smoothed for its quantization or for fp16 sums, and there is neither", nearest);
  }
  if (q.given_qk() && (!q.quantizes_qk() || q.k_smoothing != KSmoothing::none || q.q_smoothing != QSmoothing::none)) {
    if (!q.quantizes_qk()) nearest.qk = QkOperand::int8;
    nearest.k_smoothing = KSmoothing::none;
    nearest.q_smoothing = QSmoothing::none;
    return contradiction(q, "codes that are given have a format, and are smoothed by whoever made them", nearest);
  }
  if (q.given_v() && (q.pv == PvOperand::input || q.v_smoothing != VSmoothing::none)) {
    if (q.pv == PvOperand::input) {
      nearest.pv = PvOperand::e4m3;
      nearest.accumulator = PvAccumulator::f32;
      nearest.flush_keys = 0;
    }
    nearest.v_smoothing = VSmoothing::none;
    return contradiction(q, "codes that are given have a format, and are smoothed by whoever made them", nearest);
  }
  const Quantization own = q.own();
  if (q.given != Given::none && q.scales != defaults.scales && !own.quantizes_qk() && own.pv == PvOperand::input) {
    nearest.scales = defaults.scales;
    return contradiction(q, "the scales are given", nearest);
  }
  if (q.scales != defaults.scales && !q.quantizes_qk() && q.pv == PvOperand::input) {
    nearest.scales = defaults.scales;
    return contradiction(q, "nothing has a scale", nearest);
  }
  return {};
}

Result<std::string> canonical_quantization(std::string_view text) {
  ATTUNE_TRY(const Quantization request, parse_quantization(text));
  return to_text(request);
}

}  // namespace attune
