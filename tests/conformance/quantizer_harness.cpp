// Emitting, running and judging the quantizers.
#include "tests/conformance/quantizer_harness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/arithmetic.hpp"
#include "emulator/numerics/formats.hpp"
#include "generator/dtype_codec.hpp"
#include "generator/families/gpu_arguments.hpp"
#include "generator/families/quantizers.hpp"
#include "generator/quantization_layout.hpp"
#include "runtime/memory_regions.hpp"
#include "tests/conformance/harness.hpp"
#include "tuner/quantized/model.hpp"
#include "tuner/reference_row.hpp"

namespace attune::test {
namespace {

using tuner::quantized::Matrix;

constexpr auto unwritten = std::byte{0xff};

// Equal as numbers; NaN is equal to NaN.
bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

Result<std::vector<Source>> quantizer_sources(const Problem& problem, const Quantization& request,
                                              const DeviceClass& device) {
  return attune::quantizer_sources(find_family("forward_mma")->spec(problem, device), request);
}

QuantizerRun::QuantizerRun(const std::string& arch) : arch_(arch) {
  auto context = open_target("emulated:" + arch, 2);
  if (context.ok()) context_ = *std::move(context);
}

std::vector<runtime::LaunchCounters> QuantizerRun::counters() const {
  return runtime::as_emulated(context_->device())->take_launches();
}

std::string QuantizerRun::run(Workload& work, const Quantization& request) {
  if (context_ == nullptr) return "no emulated " + arch_;
  const Problem& problem = work.problem();
  runtime::Device& device = context_->device();
  const auto sources = quantizer_sources(problem, request, device.device_class());
  if (!sources.ok()) return sources.error().message();
  for (const Source& source : *sources) {
    runtime::KernelPtr& kernel = kernels_[source.text];
    if (kernel != nullptr) continue;
    const auto binary = device.compiler().compile(source);
    if (!binary.ok()) return binary.error().message() + binary.error().log();
    for (const std::string& warning : binary->warnings) return warning;
    auto loaded = device.load(*binary);
    if (!loaded.ok()) return loaded.error().message();
    kernel = *std::move(loaded);
  }
  const QuantizedLayout layout(problem, request);
  workspace_.assign(static_cast<size_t>(layout.bytes()) + 64, unwritten);
  void* start = workspace_.data();
  size_t space = workspace_.size();
  void* workspace = std::align(64, static_cast<size_t>(layout.bytes()), start, space);
  buffers_ = {};
  buffers_.attention = gpu_arguments(problem, work.tensors());
  layout.bind(workspace, buffers_);
  ArgumentBlock block;
  static_assert(sizeof buffers_ <= ArgumentBlock::capacity_bytes);
  std::memcpy(block.bytes.data(), &buffers_, sizeof buffers_);
  block.used_bytes = sizeof buffers_;
  const auto regions = runtime::memory_regions(problem, work.tensors(), workspace, layout.bytes());
  runtime::as_emulated(device)->take_launches();
  const std::vector<Launch> launches = quantizer_launches(problem, request);
  if (launches.size() != sources->size()) return "there is not one unit for each launch";
  for (size_t i = 0; i < launches.size(); ++i) {
    const auto done = device.launch(*kernels_[(*sources)[i].text], std::span(&launches[i], 1), block, nullptr, regions);
    if (!done.ok()) return done.error().message();
  }
  return work.damage();
}

std::string QuantizerRun::run_and_check(Workload& work, const Quantization& request) {
  std::string failure = run(work, request);
  return failure.empty() ? check(work, request) : failure;
}

namespace {

// One comparison of all buffers; the first difference is kept.
class Check {
 public:
  Check(const Workload& work, const Quantization& request, const QuantizedArguments& buffers)
      : work_(work),
        p_(work.problem()),
        request_(request),
        a_(buffers),
        by_tensor_(request.granularity == Granularity::tensor),
        safe_(request.scales == ScaleConvention::safe) {}

  std::string run() {
    const bool packed_kv = p_.varlen && !p_.paged();
    q_owned_.resize(static_cast<size_t>((p_.varlen ? 1 : p_.batch) * p_.heads_q * a_.q_rows));
    kv_owned_.resize(static_cast<size_t>((packed_kv ? 1 : p_.batch) * p_.heads_kv * a_.kv_rows));
    for (int64_t b = 0; b < p_.batch; ++b) {
      const tuner::Lengths lengths = tuner::lengths_of(p_, work_.tensors(), b);
      for (int64_t h = 0; h < p_.heads_q; ++h) {
        const tuner::quantized::HeadTensors head = tuner::quantized::load_head(p_, work_.tensors(), b, h);
        const int64_t kv_head = h / p_.group();
        const Place q{b * p_.heads_q + h, padded(p_.varlen, b, h, p_.heads_q, a_.q_rows, lengths.first_q, tiles_.block_q)};
        const Place kv{b * p_.heads_kv + kv_head,
                       padded(packed_kv, b, kv_head, p_.heads_kv, a_.kv_rows, lengths.first_kv, tiles_.block_kv)};
        where_ = fmt::format("{} batch {} head {}", to_text(request_), b, h);
        if (h % p_.group() == 0) {
          poisoned_ = false;
          if (request_.quantizes_qk()) keys(kv, head.k);
          if (keeps_v(request_)) values(kv, head.v);
          if ((a_.poison[kv.sequence] != 0) != poisoned_) fail("poison is {}", a_.poison[kv.sequence]);
        }
        if (request_.quantizes_qk()) queries(q, head.q);
      }
    }
    where_ = "rows that nobody owns";
    if (request_.quantizes_qk()) {
      untouched("q_codes", a_.q_codes, q_owned_, code_row_bytes(request_.qk, p_.head_dim_qk));
      untouched("q_constants", a_.q_constants, q_owned_, 4);
      untouched("k_codes", a_.k_codes, kv_owned_, code_row_bytes(request_.qk, p_.head_dim_qk));
    }
    if (keeps_v(request_)) {
      untouched("v_codes", a_.v_codes, kv_owned_, p_.head_dim_v * (request_.pv == PvOperand::input ? 2 : 1));
    }
    return failure_;
  }

 private:
  struct Place {
    int64_t sequence;  // [B][H]
    int64_t padded;    // row 0 among the rows of all heads
  };

  static int64_t padded(bool packed, int64_t b, int64_t h, int64_t heads, int64_t rows, int64_t first, int64_t block) {
    return packed ? h * rows + (first / block + b) * block : (b * heads + h) * rows;
  }

  template <class... Values>
  void fail(fmt::format_string<Values...> text, Values&&... values) {
    if (failure_.empty()) failure_ = where_ + ": " + fmt::format(text, std::forward<Values>(values)...);
  }
  void expect(std::string_view what, int64_t i, int64_t j, float got, float expected) {
    if (!same(got, expected)) fail("{}[{}][{}] is {}, of the model {}", what, i, j, got, expected);
  }
  // Sums in another order: `magnitude` is that of the addends.
  void expect_near(std::string_view what, int64_t i, int64_t j, float got, double exact, double magnitude, double relative) {
    const bool finite = std::isfinite(exact) && std::isfinite(magnitude);
    // A sum that leaves fp32 on its way may do so in another place.
    if (finite && magnitude > 1e38) return;
    const bool near =
        finite ? std::fabs(static_cast<double>(got) - exact) <= relative * magnitude + 0x1p-130 : !std::isfinite(got);
    if (!near) fail("{}[{}][{}] is {}, exactly {}", what, i, j, got, exact);
  }
  void expect_mean(std::string_view what, int64_t column, float got, float exact, const Matrix& x, int64_t begin,
                   int64_t end, bool rounded) {
    double magnitude = 0;
    int64_t count = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float value = x.row(i)[column];
      if (!std::isfinite(value)) continue;
      magnitude += std::fabs(static_cast<double>(value));
      ++count;
    }
    if (count > 0) magnitude /= static_cast<double>(count);
    // One that is rounded to the tensors' type may fall to the other side.
    const double step = rounded ? std::fabs(static_cast<double>(exact)) * (p_.dtype == DType::f16 ? 0x1p-10 : 0x1p-7) +
                                      (p_.dtype == DType::f16 ? 0x1p-24 : 0x1p-133)
                                : 0;
    const bool near = std::isfinite(exact)
                          ? std::fabs(static_cast<double>(got) - exact) <= 1e-6 * magnitude + step + 0x1p-130
                          : same(got, exact);
    if (!near) fail("{}[{}] is {}, exactly {}", what, column, got, exact);
    if (rounded && !same(got, round_to(p_.dtype, got))) fail("{}[{}] is {}: not rounded", what, column, got);
  }

  float code_of(const void* codes, int64_t row, int64_t column) const {
    const int64_t bytes = code_row_bytes(request_.qk, p_.head_dim_qk);
    const auto* at = static_cast<const uint8_t*>(codes) + row * bytes;
    if (request_.qk == QkOperand::int4) {
      const int nibble = at[column / 2] >> column % 2 * 4 & 15;
      return static_cast<float>(nibble >= 8 ? nibble - 16 : nibble);
    }
    return number_of(at[column], request_.qk == QkOperand::e4m3);
  }
  static float number_of(uint8_t byte, bool e4m3) {
    if (e4m3) return static_cast<float>(emulator::decode(emulator::Format::e4m3, byte));
    return static_cast<float>(static_cast<int8_t>(byte));
  }

  void rows(const char* what, const tuner::quantized::QuantizedRows& expected, const void* codes, const float* scales,
            const Place& place, int64_t block, std::vector<uint8_t>& owned) {
    const int64_t columns = code_row_bytes(request_.qk, p_.head_dim_qk) * (request_.qk == QkOperand::int4 ? 2 : 1);
    const int64_t length = expected.codes.rows, end = round_up(length, block);
    const std::string code_name = fmt::format("{}_codes", what), scale_name = fmt::format("{}_scales", what);
    for (int64_t i = 0; i < end; ++i) {
      owned[static_cast<size_t>(place.padded + i)] = 1;
      for (int64_t c = 0; c < columns; ++c) {
        const bool exists = i < length && c < p_.head_dim_qk;
        expect(code_name, i, c, code_of(codes, place.padded + i, c), exists ? expected.codes.row(i)[c] : 0.0F);
      }
    }
    const ScaleGroups& groups = expected.groups;
    const int64_t first = by_tensor_ ? place.sequence : groups.of(place.padded);
    for (size_t group = 0; group < expected.scales.size(); ++group) {
      expect(scale_name, 0, static_cast<int64_t>(group), scales[first + static_cast<int64_t>(group)],
             expected.scales[group]);
    }
  }

  void keys(const Place& place, const Matrix& k) {
    tuner::quantized::OperandOptions options;
    const auto width = static_cast<size_t>(p_.head_dim_qk);
    std::vector<float> mean(width);
    if (request_.k_smoothing != KSmoothing::none) {
      std::copy_n(a_.k_means + place.sequence * p_.head_dim_qk, width, mean.begin());
      const auto exact = tuner::quantized::smooth_keys(k, p_.dtype, request_, options.sink_rule, tiles_.block_kv);
      for (size_t c = 0; c < width; ++c) {
        expect_mean("k_means", static_cast<int64_t>(c), mean[c], exact.mean[c], k, 0, k.rows, !safe_);
      }
      options.k_mean = &mean;
    }
    keys_ = tuner::quantized::quantize_keys(k, p_.dtype, request_, options);
    if (request_.k_smoothing == KSmoothing::sink_mean) {
      for (int64_t i = 0; i < max_sink_keys; ++i) {
        const auto& sinks = keys_.smoothed.sinks;
        const int64_t expected = i < static_cast<int64_t>(sinks.size()) ? sinks[static_cast<size_t>(i)] : -1;
        expect("sink_keys", place.sequence, i, static_cast<float>(a_.sink_keys[place.sequence * max_sink_keys + i]),
               static_cast<float>(expected));
      }
    }
    rows("k", keys_.k, a_.k_codes, a_.k_scales, place, tiles_.block_kv, kv_owned_);
    for (int64_t n = 0; n < round_up(k.rows, tiles_.block_kv); ++n) {
      const bool expected = n < k.rows && keys_.k.poisoned[static_cast<size_t>(n)] != 0;
      poisoned_ = poisoned_ || expected;
      expect("k_poison", 0, n, bit(a_.k_poison, place.padded + n), expected ? 1.0F : 0.0F);
    }
  }

  static float bit(const uint32_t* words, int64_t at) { return static_cast<float>(words[at / 32] >> at % 32 & 1); }

  void queries(const Place& place, const Matrix& q) {
    tuner::quantized::OperandOptions options;
    const int64_t width = p_.head_dim_qk, block = tiles_.block_q;
    Matrix means((q.rows + block - 1) / block, width);
    if (request_.q_smoothing != QSmoothing::none) {
      const Matrix exact = tuner::quantized::smooth_queries(q, request_, block).block_means;
      std::copy_n(a_.q_means + place.padded / block * width, means.values.size(), means.values.begin());
      for (int64_t at = 0; at < means.rows; ++at) {
        const int64_t end = std::min((at + 1) * block, q.rows);
        for (int64_t c = 0; c < width; ++c) {
          expect_mean("q_means", c, means.row(at)[c], exact.row(at)[c], q, at * block, end, false);
        }
        delta(place, means, at);
      }
      options.q_block_means = &means;
    }
    const auto expected = tuner::quantized::quantize_queries(q, request_, options);
    rows("q", expected.q, a_.q_codes, a_.q_scales, place, block, q_owned_);
    for (int64_t i = 0; i < round_up(q.rows, block); ++i) {
      const bool exists = i < q.rows;
      const int64_t row = place.padded + i;
      if (exists && expected.q.poisoned[static_cast<size_t>(i)] != 0) {
        if (!std::isnan(a_.q_constants[row])) fail("q_constants[{}] of a poisoned row is {}", i, a_.q_constants[row]);
        continue;
      }
      const float* of_row = q.row(exists ? i : 0);
      if (!exists || request_.k_smoothing == KSmoothing::none) {
        expect("q_constants", i, 0, a_.q_constants[row], 0);
        for (int64_t n = 0; n < keys_.smoothed.sink_rows.rows; ++n) {
          expect("q_sink_scores", i, n, a_.q_sink_scores[row * max_sink_keys + n], 0);
        }
        continue;
      }
      expect_dot("q_constants", i, 0, a_.q_constants[row], of_row, keys_.smoothed.mean.data());
      for (int64_t n = 0; n < keys_.smoothed.sink_rows.rows; ++n) {
        expect_dot("q_sink_scores", i, n, a_.q_sink_scores[row * max_sink_keys + n], of_row,
                   keys_.smoothed.sink_rows.row(n));
      }
    }
  }

  void expect_dot(std::string_view what, int64_t i, int64_t j, float got, const float* x, const float* y) {
    double sum = 0, magnitude = 0;
    for (int64_t c = 0; c < p_.head_dim_qk; ++c) {
      const double product = static_cast<double>(x[c]) * static_cast<double>(y[c]);
      sum += product;
      magnitude += std::fabs(product);
    }
    expect_near(what, i, j, got, sum, magnitude, 3e-6);
  }

  void delta(const Place& place, const Matrix& means, int64_t block) {
    const Matrix& k = keys_.smoothed.rows;
    const float* got = a_.delta_s + (place.padded / tiles_.block_q + block) * a_.delta_stride;
    const std::vector<float> none(static_cast<size_t>(p_.head_dim_qk));
    for (int64_t n = 0; n < round_up(k.rows, tiles_.block_kv); ++n) {
      std::vector<float> key = none;
      if (n < k.rows) std::copy_n(k.row(n), key.size(), key.begin());
      // A flagged key's elements that are not finite have no part.
      const bool safe = request_.scales == ScaleConvention::safe;
      for (float& x : key) x = safe && !std::isfinite(x) ? 0 : x;
      expect_dot("delta_s", block, n, got[n], means.row(block), key.data());
    }
  }

  void values(const Place& place, const Matrix& v) {
    const int64_t width = p_.head_dim_v, block = tiles_.block_kv, end = round_up(v.rows, block);
    std::vector<float> mean(static_cast<size_t>(width));
    const bool smoothed = request_.v_smoothing != VSmoothing::none;
    if (smoothed) {
      std::copy_n(a_.v_means + place.sequence * width, width, mean.begin());
      const auto exact = tuner::quantized::mean_row(v, 0, v.rows, nullptr, safe_);
      for (int64_t c = 0; c < width; ++c) {
        expect_mean("v_means", c, mean[static_cast<size_t>(c)], exact[static_cast<size_t>(c)], v, 0, v.rows, false);
      }
    }
    const auto expected = tuner::quantized::quantize_values(v, request_, smoothed ? &mean : nullptr);
    for (int64_t c = 0; c < width; ++c) {
      expect("v_scales", 0, c, a_.v_scales[place.sequence * width + c], expected.scale[static_cast<size_t>(c)]);
    }
    std::vector<uint8_t> bad(static_cast<size_t>(end));
    for (const auto& [key, channel] : expected.poisoned) bad[static_cast<size_t>(key)] = safe_ ? 1 : 0;
    for (int64_t n = 0; n < end; ++n) {
      kv_owned_[static_cast<size_t>(place.padded + n)] = 1;
      for (int64_t c = 0; c < width; ++c) {
        expect("v_codes", n, c, value_of(place.padded + n, c), n < v.rows ? expected.codes.row(n)[c] : 0.0F);
      }
      poisoned_ = poisoned_ || bad[static_cast<size_t>(n)] != 0;
      expect("v_poison", 0, n, bit(a_.v_poison, place.padded + n), static_cast<float>(bad[static_cast<size_t>(n)]));
    }
  }

  float value_of(int64_t row, int64_t column) const {
    const int64_t width = p_.head_dim_v, block = tiles_.block_kv;
    if (request_.pv == PvOperand::input) {
      uint16_t bits = 0;
      std::memcpy(&bits, static_cast<const std::byte*>(a_.v_codes) + (row * width + column) * 2, 2);
      return fp16_to_float(bits);
    }
    const int64_t at = row / block * block * width + column * block + fp8_value_position(row % block);
    return number_of(static_cast<const uint8_t*>(a_.v_codes)[at], request_.pv == PvOperand::e4m3);
  }

  // V's codes are kept by blocks, which are owned whole.
  void untouched(const char* what, const void* data, const std::vector<uint8_t>& owned, int64_t row_bytes) {
    const auto* bytes = static_cast<const std::byte*>(data);
    for (size_t row = 0; row < owned.size(); ++row) {
      const std::byte* at = bytes + static_cast<int64_t>(row) * row_bytes;
      const bool clean = std::all_of(at, at + row_bytes, [](std::byte byte) { return byte == unwritten; });
      if (owned[row] == 0 && !clean) fail("{}: row {} was written", what, row);
    }
  }

  const Workload& work_;
  const Problem& p_;
  const Quantization& request_;
  const QuantizedArguments& a_;
  const QuantizationTiles tiles_;
  const bool by_tensor_, safe_;
  bool poisoned_ = false;  // any key of the sequence
  tuner::quantized::QuantizedKeys keys_;
  std::vector<uint8_t> q_owned_, kv_owned_;
  std::string where_, failure_;
};

}  // namespace

std::string QuantizerRun::check(const Workload& work, const Quantization& request) const {
  return Check(work, request, buffers_).run();
}

}  // namespace attune::test
