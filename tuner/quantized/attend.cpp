// One row at a time, one key tile at a time, in the order of the schedule.
#include "tuner/quantized/attend.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "generator/dtype_codec.hpp"
#include "tuner/quantized/accumulate.hpp"
#include "tuner/quantized/rounding.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float log2_e = std::numbers::log2e_v<float>;

float dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  return static_cast<float>(sum);
}

// Rows of x as columns: products of one row of Q with many keys then run along the keys.
Matrix transposed(const Matrix& x) {
  Matrix t(x.columns, x.rows);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t c = 0; c < x.columns; ++c) t.row(c)[i] = x.row(i)[c];
  }
  return t;
}

class Head {
 public:
  Head(const QuantizedQueries& q, const QuantizedKeys& k, const QuantizedValues& v, DType dtype, const Quantization& request,
       const ScoreRules& rules, const AttendOptions& options, std::span<const int64_t> rows)
      : q_(q),
        k_(k),
        v_(v),
        dtype_(dtype),
        request_(request),
        rules_(rules),
        options_(options),
        asked_(rows),
        keys_(k.k.codes.rows),
        width_(k.k.codes.columns),
        codes_(transposed(k.k.codes)),
        smoothed_(request.k_smoothing != KSmoothing::none) {
    const auto is_set = [](uint8_t flag) { return flag != 0; };
    some_kept_ = std::any_of(k.smoothed.kept.begin(), k.smoothed.kept.end(), is_set);
    key_scales_.reserve(static_cast<size_t>(keys_));
    for (int64_t n = 0; n < keys_; ++n) key_scales_.push_back(k.k.scale_of(n));
    if (q.block_means.rows > 0) add_delta_s();
  }

  void compute(int64_t begin, int64_t end, HeadOutput& out) const;

 private:
  struct Scratch {
    std::vector<float> scores, bias, p, apart;
    std::vector<double> exact;
  };

  // A maximum and what was summed relative to it.
  struct Sums {
    float maximum = -std::numeric_limits<float>::infinity(), sum = 0;
    std::vector<float> o;
    // Adds what was summed relative to another maximum.
    void merge(float other_maximum, float other_sum, const std::vector<float>& other);
  };

  void add_delta_s() {
    const Matrix original = transposed(k_.smoothed.rows);
    delta_s_ = Matrix(q_.block_means.rows, keys_);
    std::set<int64_t> blocks;
    for (const int64_t i : asked_) blocks.insert(i / options_.schedule.tiles.block_q);
    for (const int64_t block : blocks) {
      for (int64_t c = 0; c < width_; ++c) {
        const float mean = q_.block_means.row(block)[c];
        for (int64_t n = 0; n < keys_; ++n) delta_s_.row(block)[n] += mean * original.row(c)[n];
      }
    }
  }

  void products(int64_t i, Scratch& scratch) const;
  void short_products(const float* q, Scratch& scratch) const;
  struct Sight {
    bool any_key = false, poisoned = false;
  };
  // The scores of row i in base 2, -inf where hidden, and what the row sees.
  Sight score(int64_t i, float row_constant, Scratch& scratch) const;
  float round_p(std::vector<float>& p, float& sum) const;
  Sums visit_keys(int64_t i, Scratch& scratch, RowAccumulator& accumulator) const;
  void row(int64_t i, Scratch& scratch, RowAccumulator& accumulator, float* o, float& lse) const;

  const QuantizedQueries& q_;
  const QuantizedKeys& k_;
  const QuantizedValues& v_;
  DType dtype_;
  const Quantization& request_;
  const ScoreRules& rules_;
  const AttendOptions& options_;
  std::span<const int64_t> asked_;
  int64_t keys_, width_;
  Matrix codes_;    // [D, keys]
  Matrix delta_s_;  // [query blocks, keys]
  bool smoothed_, some_kept_ = false;
  std::vector<float> key_scales_;
};

// Integer codes are exact in fp32: 127 * 127 * 576 < 2^24. Others are summed in double and rounded once.
void Head::products(int64_t i, Scratch& scratch) const {
  const auto count = static_cast<size_t>(keys_);
  const bool integers = request_.qk == QkOperand::int8 || request_.qk == QkOperand::int4;
  const float* const q = q_.q.codes.row(i);
  if (integers) {
    scratch.scores.assign(count, 0.0F);
    float* const scores = scratch.scores.data();
    for (int64_t c = 0; c < width_; ++c) {
      const float weight = q[c];
      const float* const column = codes_.row(c);
      for (size_t n = 0; n < count; ++n) scores[n] += weight * column[n];
    }
    return;
  }
  if (options_.short_accumulator && request_.qk == QkOperand::e4m3) return short_products(q, scratch);
  scratch.exact.assign(count, 0.0);
  double* const exact = scratch.exact.data();
  for (int64_t c = 0; c < width_; ++c) {
    const auto weight = static_cast<double>(q[c]);
    const float* const column = codes_.row(c);
    for (size_t n = 0; n < count; ++n) exact[n] += weight * static_cast<double>(column[n]);
  }
  scratch.scores.assign(scratch.exact.begin(), scratch.exact.end());
}

void Head::short_products(const float* q, Scratch& scratch) const {
  scratch.scores.assign(static_cast<size_t>(keys_), 0.0F);
  double terms[fp8_step];
  for (int64_t n = 0; n < keys_; ++n) {
    float& score = scratch.scores[static_cast<size_t>(n)];
    for (int64_t c = 0; c < width_; c += fp8_step) {
      const int64_t count = std::min(fp8_step, width_ - c);
      for (int64_t d = 0; d < count; ++d) {
        terms[d] = static_cast<double>(q[c + d]) * static_cast<double>(codes_.row(c + d)[n]);
      }
      score = short_sum(score, {terms, static_cast<size_t>(count)});
    }
  }
}

Head::Sight Head::score(int64_t i, float row_constant, Scratch& scratch) const {
  products(i, scratch);
  scratch.bias.assign(static_cast<size_t>(keys_), 0.0F);
  if (rules_.bias) rules_.bias(i, scratch.bias);
  const float q_scale = q_.q.scale_of(i);

  for (size_t at = 0; at < k_.smoothed.sinks.size(); ++at) {
    scratch.apart[at] = dot(q_.original.row(i), k_.smoothed.sink_rows.row(static_cast<int64_t>(at)), width_);
  }
  size_t next_sink = 0;
  const float* const delta = delta_s_.rows > 0 ? delta_s_.row(i / options_.schedule.tiles.block_q) : nullptr;
  Sight sight{false, q_.q.poisoned[static_cast<size_t>(i)] != 0};
  for (int64_t n = 0; n < keys_; ++n) {
    const auto at = static_cast<size_t>(n);
    float& s = scratch.scores[at];
    const bool apart = next_sink < k_.smoothed.sinks.size() && k_.smoothed.sinks[next_sink] == n;
    const float sink_score = apart ? scratch.apart[next_sink++] : 0.0F;
    if (scratch.bias[at] == -infinity) {
      s = -infinity;
      continue;
    }
    s *= q_scale * key_scales_[at];
    if (delta != nullptr) s += delta[n];
    if (apart) s = sink_score;
    if (some_kept_ && k_.smoothed.kept[at] != 0) s -= row_constant;
    // A softcap bends the score itself, so that the constant of the row has to be there.
    if (rules_.softcap > 0) {
      s = rules_.softcap * std::tanh((s + row_constant) * rules_.softmax_scale / rules_.softcap);
    } else {
      s *= rules_.softmax_scale;
    }
    // A bias of the lowest finite number hides nothing from a row that sees no more than that.
    const bool hidden = s == -infinity;
    s = (s + scratch.bias[at]) * log2_e;
    if (!hidden) s = std::max(s, std::numeric_limits<float>::lowest());
    sight.any_key = sight.any_key || s != -infinity;
    sight.poisoned = sight.poisoned || k_.k.poisoned[at] != 0 || s != s || s == infinity;
  }
  return sight;
}

// Rounds P to its operand type, adds it to the softmax's sum, and gives the scale of its codes.
float Head::round_p(std::vector<float>& p, float& sum) const {
  float tile = 0;
  switch (request_.pv) {
    case PvOperand::e4m3:
      for (float& value : p) {
        tile += value;
        value = round_e4m3(value);
      }
      sum += tile;
      return 1;
    case PvOperand::int8: {
      const float largest = *std::max_element(p.begin(), p.end());
      const GroupScale scale = group_scale(ScaleConvention::safe, largest, 127);
      for (float& value : p) {
        tile += value;
        value = quantize(CodeFormat::int8, ScaleConvention::safe, scale, value);
      }
      sum += tile;
      return scale.scale;
    }
    case PvOperand::input:
      const DType type = request_.accumulator == PvAccumulator::f16 ? DType::f16
                         : options_.schedule.fp32_p                 ? DType::f32
                                                                    : dtype_;
      for (float& value : p) {
        tile += value;
        value = round_to(type, value);
      }
      sum += tile;
      return 1;
  }
  return 1;
}

void Head::Sums::merge(float other_maximum, float other_sum, const std::vector<float>& other) {
  if (other_sum == 0) return;
  if (sum == 0) {
    maximum = other_maximum;
    sum = other_sum;
    o = other;
    return;
  }
  const float larger = std::max(maximum, other_maximum);
  const float mine = std::exp2(maximum - larger), its = std::exp2(other_maximum - larger);
  maximum = larger;
  sum = sum * mine + other_sum * its;
  for (size_t c = 0; c < o.size(); ++c) o[c] = o[c] * mine + other[c] * its;
}

Head::Sums Head::visit_keys(int64_t i, Scratch& scratch, RowAccumulator& accumulator) const {
  const int64_t size = options_.schedule.key_tile;
  const float offset = request_.pv == PvOperand::e4m3 ? e4m3_p_offset : 0.0F;
  Sums total;
  float maximum = -infinity, sum = 0;
  int64_t part = 0;
  accumulator.clear();
  for (const KeyTile& tile : rules_.tiles ? rules_.tiles(i) : all_tiles(keys_, size)) {
    if (tile.part != part) {
      total.merge(maximum, sum, accumulator.sums());
      maximum = -infinity;
      sum = 0;
      accumulator.clear();
      part = tile.part;
    }
    const int64_t first = tile.begin / size * size, count = std::min(first + size, keys_) - first;
    const float* const s = scratch.scores.data();
    const float tile_maximum = *std::max_element(s + tile.begin, s + tile.end) - offset;
    if (tile_maximum == -infinity) continue;
    if (tile_maximum > maximum) {
      const float alpha = std::exp2(maximum - tile_maximum);
      sum *= alpha;
      accumulator.rescale(alpha);
      maximum = tile_maximum;
    }
    // The steps of the sums are those of the whole tile, wherever a listed block begins or ends in it.
    scratch.p.assign(static_cast<size_t>(count), 0);
    for (int64_t n = tile.begin; n < tile.end; ++n) scratch.p[static_cast<size_t>(n - first)] = std::exp2(s[n] - maximum);
    const float p_scale = round_p(scratch.p, sum);
    accumulator.add(scratch.p, p_scale, v_.codes, first);
  }
  total.merge(maximum, sum, accumulator.sums());
  return total;
}

void Head::row(int64_t i, Scratch& scratch, RowAccumulator& accumulator, float* o, float& lse) const {
  const float row_constant = smoothed_ ? dot(q_.original.row(i), k_.smoothed.mean.data(), width_) : 0.0F;
  const Sight sight = score(i, row_constant, scratch);
  // What the softmax did not see of the scores: nothing when a softcap had them whole.
  const float missing = rules_.softcap > 0 ? 0.0F : row_constant * rules_.softmax_scale;

  if (!sight.any_key || sight.poisoned) {
    std::fill(o, o + v_.codes.columns, sight.any_key ? nan_value : 0.0F);
    lse = sight.any_key ? nan_value : -infinity;
    return;
  }
  Sums sums = visit_keys(i, scratch, accumulator);
  float sink_share = 0;
  if (rules_.sink != nullptr) {
    // It joins the denominator after the last key: P is rounded relative to the scores alone.
    const float sink = (*rules_.sink - missing) * log2_e;
    sums.merge(sink, sink == -infinity ? 0.0F : 1.0F, std::vector<float>(sums.o.size()));
    sink_share = std::exp2(sink - sums.maximum) / sums.sum;
  }
  // With a sink the probabilities of the keys do not sum to 1, and their share of the mean is what they sum to.
  for (size_t c = 0; c < v_.scale.size(); ++c) {
    o[c] = sums.o[c] / sums.sum * v_.scale[c] + v_.mean[c] - sink_share * v_.mean[c];
  }
  for (const auto& [key, channel] : v_.poisoned) {
    if (scratch.scores[static_cast<size_t>(key)] != -infinity) o[channel] = nan_value;
  }
  lse = (std::log2(sums.sum) + sums.maximum) / log2_e + missing;
}

void Head::compute(int64_t begin, int64_t end, HeadOutput& out) const {
  Scratch scratch;
  scratch.apart.resize(k_.smoothed.sinks.size());
  RowAccumulator accumulator(request_, v_.codes.columns, options_.short_accumulator);
  for (int64_t at = begin; at < end; ++at) {
    row(asked_[static_cast<size_t>(at)], scratch, accumulator, out.o.row(at), out.lse[static_cast<size_t>(at)]);
  }
}

}  // namespace

HeadOutput attend(const QuantizedQueries& q, const QuantizedKeys& k, const QuantizedValues& v, DType dtype,
                  const Quantization& request, const ScoreRules& rules, const AttendOptions& options,
                  std::span<const int64_t> rows, ThreadPool* pool) {
  const Head head(q, k, v, dtype, request, rules, options, rows);
  const auto count = static_cast<int64_t>(rows.size());
  HeadOutput out{Matrix(count, v.codes.columns), std::vector<float>(rows.size())};
  auto body = [&](int64_t begin, int64_t end, int) { head.compute(begin, end, out); };
  if (pool == nullptr) {
    body(0, count, 0);
  } else {
    pool->parallel_for(count, 16, body);
  }
  return out;
}

}  // namespace attune::tuner::quantized
