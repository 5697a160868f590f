// The emitted exp2, log2, tanh and conversions, on every instruction set of the host, against double and the scalar codec.
#include "generator/llvm/vector_math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "generator/dtype_codec.hpp"
#include "tests/generator/emission.hpp"

namespace attune {
namespace {

constexpr int64_t f32_bytes = 4, f16_bytes = 2;

std::vector<float> run(const std::string& arch, const std::vector<float>& in,
                       const std::function<ir::Value*(ir::Builder&, ir::Value*)>& function) {
  std::vector<float> out(in.size());
  run_elementwise(
      arch, in.data(), f32_bytes, out.data(), f32_bytes, static_cast<int64_t>(in.size()),
      [&](ir::Builder& b, ir::Value* from, ir::Value* to) { b.store(function(b, b.load(b.vec(), from, 4)), to, 4); });
  return out;
}

// Every `stride`-th float between two bit patterns of one sign.
std::vector<float> floats(uint32_t first_bits, uint32_t last_bits, uint32_t stride) {
  std::vector<float> values;
  for (uint64_t bits = first_bits; bits <= last_bits; bits += stride) {
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  values.resize((values.size() + 15) / 16 * 16, values.back());
  return values;
}

TEST(VectorMath, Exp2HoldsItsStatedAccuracy) {
  // -0.0 down to -126: bit patterns 0x80000000 to 0xc2fc0000, every 976th of them.
  const std::vector<float> in = floats(0x80000000, 0xc2fc0000, 976);
  for (const std::string& arch : host_archs()) {
    for (const bool full : {true, false}) {
      const auto out = run(arch, in, [&](ir::Builder& b, ir::Value* x) { return ir::exp2(b, x, full); });
      double worst = 0;
      for (size_t i = 0; i < in.size(); ++i) {
        const double exact = std::exp2(static_cast<double>(in[i]));
        worst = std::max(worst, std::abs(static_cast<double>(out[i]) - exact) / exact);
      }
      EXPECT_LT(worst, full ? 1.2e-7 : 3.1e-6) << arch;
    }
  }
}

TEST(VectorMath, Exp2AtTheEdges) {
  const float inf = INFINITY;
  const std::vector<float> in = {0, -0.0F, -inf, -1, -126, -150, -1000, -3.4e38F, NAN, 1, 10, -0.5, -127, 127, -1e-30F, -2};
  for (const std::string& arch : host_archs()) {
    const auto out = run(arch, in, [](ir::Builder& b, ir::Value* x) { return ir::exp2(b, x, true); });
    EXPECT_EQ(out[0], 1.0F) << arch;
    EXPECT_EQ(out[1], 1.0F) << arch;
    EXPECT_EQ(out[2], 0.0F) << arch;
    EXPECT_EQ(out[3], 0.5F) << arch;
    EXPECT_EQ(out[4], 0x1p-126F) << arch;
    EXPECT_LE(out[5], 0x1p-149F) << arch;
    EXPECT_EQ(out[6], 0.0F) << arch;
    EXPECT_EQ(out[7], 0.0F) << arch;
    EXPECT_TRUE(std::isnan(out[8])) << arch;
    EXPECT_EQ(out[9], 2.0F) << arch;
    EXPECT_EQ(out[10], 1024.0F) << arch;
    EXPECT_EQ(out[13], 0x1p127F) << arch;
  }
}

TEST(VectorMath, TanhAndLog2) {
  std::vector<float> in = floats(0x00800000, 0x41a00000, 4099);  // 1e-38 to 20
  for (size_t i = 1; i < in.size(); i += 2) in[i] = -in[i];
  std::vector<float> positive = floats(0x00800000, 0x7f7fffff, 8209);
  for (const std::string& arch : host_archs()) {
    const auto tanh = run(arch, in, [](ir::Builder& b, ir::Value* x) { return ir::tanh(b, x); });
    for (size_t i = 0; i < in.size(); ++i) {
      const double exact = std::tanh(static_cast<double>(in[i]));
      ASSERT_LT(std::abs(tanh[i] - exact), 1e-6 * std::abs(exact)) << arch << " tanh(" << in[i] << ")";
    }
    const auto log2 = run(arch, positive, [](ir::Builder& b, ir::Value* x) {
      ir::Value* first = b.raw().CreateExtractElement(x, b.count(0));
      return b.splat(ir::log2_scalar(b, first));
    });
    const auto lanes = static_cast<size_t>(ir::target_of(arch).lanes);
    for (size_t i = 0; i < positive.size(); i += lanes) {
      const double exact = std::log2(static_cast<double>(positive[i]));
      ASSERT_LT(std::abs(log2[i] - exact), 2e-7 + std::abs(exact) * 1.2e-7) << arch << " log2(" << positive[i] << ")";
    }
  }
}

TEST(VectorMath, EverySixteenBitFloatWidensExactly) {
  std::vector<uint16_t> bits(65536);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  for (const std::string& arch : host_archs()) {
    for (const DType dtype : {DType::f16, DType::bf16}) {
      std::vector<float> out(bits.size());
      run_elementwise(arch, bits.data(), f16_bytes, out.data(), f32_bytes, 65536,
                      [&](ir::Builder& b, ir::Value* from, ir::Value* to) {
                        b.store(ir::load_as_f32(b, dtype, from, b.target().lanes, "x"), to, 4);
                      });
      for (size_t i = 0; i < bits.size(); ++i) {
        const float exact = dtype == DType::f16 ? fp16_to_float(bits[i]) : bf16_to_float(bits[i]);
        if (std::isnan(exact)) {
          ASSERT_TRUE(std::isnan(out[i])) << arch << " " << i;
        } else {
          ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(exact)) << arch << " " << i;
        }
      }
    }
  }
}

TEST(VectorMath, NarrowingRoundsToNearestEven) {
  std::vector<float> in = floats(0, 0x7f7fffff, 2053);
  const float inf = INFINITY;
  for (const float edge : {65504.0F, 65519.9F, 65520.0F, 0x1p-14F, 0x1p-24F, 0x1p-25F, 1.0009765F, inf, 3.4e38F, 1e-8F}) {
    in.push_back(edge);
  }
  for (size_t i = 1; i < in.size(); i += 2) in[i] = -in[i];
  in.push_back(NAN);
  in.resize((in.size() + 15) / 16 * 16, 1.0F);
  for (const std::string& arch : host_archs()) {
    for (const DType dtype : {DType::f16, DType::bf16}) {
      std::vector<uint16_t> out(in.size());
      run_elementwise(arch, in.data(), f32_bytes, out.data(), f16_bytes, static_cast<int64_t>(in.size()),
                      [&](ir::Builder& b, ir::Value* from, ir::Value* to) {
                        ir::store_from_f32(b, dtype, b.load(b.vec(), from, 4), to, b.target().lanes);
                      });
      for (size_t i = 0; i < in.size(); ++i) {
        const uint16_t exact = dtype == DType::f16 ? float_to_fp16(in[i]) : float_to_bf16(in[i]);
        if (std::isnan(in[i])) {
          const float back = dtype == DType::f16 ? fp16_to_float(out[i]) : bf16_to_float(out[i]);
          ASSERT_TRUE(std::isnan(back)) << arch;
        } else if (dtype == DType::bf16 && std::abs(in[i]) < 0x1p-126F && arch == "x86-64-avx512bf16") {
          // VCVTNEPS2BF16 flushes subnormals to zero (Intel SDM): 1e-38 is far below any tolerance.
          ASSERT_TRUE(out[i] == exact || (out[i] & 0x7fff) == 0) << arch << " " << in[i];
        } else {
          ASSERT_EQ(out[i], exact) << arch << " " << in[i];
        }
      }
    }
  }
}

}  // namespace
}  // namespace attune
