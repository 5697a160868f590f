// wgmma as PTX text: tiles come by tensor copies, descriptors are built as kernels build them, accumulators go out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/tensor_map.hpp"
#include "tests/emulator/ptx_launch.hpp"

namespace attune::emulator {
namespace {

using testing::HasSubstr;

struct alignas(64) MapParameter {
  TensorMapImage image;
};

// Rows of 64 bf16 numbers, small integers so that all sums are exact.
struct Operand {
  Operand(uint32_t rows, uint32_t seed) : rows_(rows), storage(rows * 64 + 8) {
    while (reinterpret_cast<uint64_t>(storage.data() + first) % 16 != 0) ++first;
    for (uint32_t i = 0; i < rows * 64; ++i) {
      storage[first + i] = bf16_from_f32(static_cast<float>(static_cast<int>((i * 7 + seed * i / 64) % 9) - 4));
    }
  }
  float at(uint32_t row, uint32_t column) const { return f32_from_bf16(storage[first + row * 64 + column]); }
  MapParameter map() const {
    TensorMapRequest request;
    request.data_type = 9;
    request.rank = 2;
    request.address = reinterpret_cast<uint64_t>(storage.data() + first);
    request.dims = {64, rows_};
    request.strides_bytes = {128};
    request.box = {64, rows_};
    request.swizzle = 3;
    const Result<TensorMapImage> image = encode(request);
    EXPECT_TRUE(image.ok());
    return {*image};
  }
  uint32_t rows_;
  std::vector<uint16_t> storage;
  size_t first = 0;
};

std::string registers(const char* prefix, int first, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i > 0 ? "," : "") + std::string(prefix) + std::to_string(first + i);
  return text + "}";
}

// A [64][64] at %r1 and B [64][64] at %r1 + 8192, both 128-byte swizzled, are there when this ends; %rd5 and %rd6 are their
// descriptors (SBO 1024, 128-byte swizzle).
std::string load_operands() {
  return R"(
    .reg .b32 %r<32>; .reg .b64 %rd<32>; .reg .pred %p<8>; .reg .f32 %f<80>;
    .shared .align 1024 .b8 tiles[16384];
    .shared .align 8 .b64 full;
    ld.param.b64 %rd1, [out];
    mov.u32 %r0, %tid.x; mov.u32 %r1, tiles; mov.u32 %r2, full; setp.eq.u32 %p0, %r0, 0;
    mov.b64 %rd2, a; cvta.param.u64 %rd3, %rd2; mov.b64 %rd2, b; cvta.param.u64 %rd4, %rd2;
    @%p0 mbarrier.init.shared::cta.b64 [%r2], 1;
    bar.sync 0;
    mov.u32 %r3, 0; add.u32 %r4, %r1, 8192;
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 16384;
    @%p0 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd3, {%r3, %r3}], [%r2];
    @%p0 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r4], [%rd4, {%r3, %r3}], [%r2];
    WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], 0;
    @!%p1 bra WAIT;
    shr.u32 %r5, %r1, 4; and.b32 %r5, %r5, 0x3fff; cvt.u64.u32 %rd5, %r5;
    mov.b64 %rd7, 0x4000004000010000; or.b64 %rd5, %rd5, %rd7;
    shr.u32 %r6, %r4, 4; and.b32 %r6, %r6, 0x3fff; cvt.u64.u32 %rd6, %r6; or.b64 %rd6, %rd6, %rd7;
)";
}

// D = A B^T over 64 columns in four steps; the first ignores what the accumulators hold.
std::string multiply(const std::string& wait) {
  std::string text = "wgmma.fence.sync.aligned;\nsetp.ne.u32 %p2, 0, 0; setp.ne.u32 %p3, 1, 0;\n";
  for (int step = 0; step < 4; ++step) {
    const std::string advance = std::to_string(2 * step);
    text += "add.s64 %rd10, %rd5, " + advance + "; add.s64 %rd11, %rd6, " + advance + ";\n";
    text += "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " + registers("%f", 0, 32) + ", %rd10, %rd11, " +
            (step == 0 ? "%p2" : "%p3") + ", 1, 1, 0, 0;\n";
  }
  return text + "wgmma.commit_group.sync.aligned;\n" + wait;
}

// Register i of thread t goes to word 128 i + t.
std::string store_accumulators() {
  std::string text = "mul.wide.u32 %rd12, %r0, 4; add.s64 %rd12, %rd1, %rd12;\n";
  for (int i = 0; i < 32; ++i)
    text += "st.global.f32 [%rd12+" + std::to_string(512 * i) + "], %f" + std::to_string(i) + ";\n";
  return text + "ret;";
}

constexpr const char* kParameters = ".param .align 64 .b8 a[128], .param .align 64 .b8 b[128], .param .b64 out";

struct Case {
  Operand a{64, 3}, b{64, 5};
  std::vector<float> out = std::vector<float>(4096, -1.0f);
  PtxLaunch launch(const std::string& body) {
    PtxLaunch result("sm_90a", kParameters, body);
    result.shape.block = {128, 1, 1};
    result.value(a.map()).value(b.map()).buffer(out, "out");
    result.region(a.storage, "a", false).region(b.storage, "b", false);
    return result;
  }
  float product(uint32_t row, uint32_t column) const {
    float sum = 0;
    for (uint32_t k = 0; k < 64; ++k) sum += a.at(row, k) * b.at(column, k);
    return sum;
  }
  // PTX: register 4j + 2i + e of lane l of warp w is row 16w + l / 4 + 8i, column 8j + 2 (l % 4) + e.
  float result(uint32_t row, uint32_t column) const {
    const uint32_t thread = row / 16 * 32 + row % 8 * 4 + column % 8 / 2;
    const uint32_t i = column / 8 * 4 + row % 16 / 8 * 2 + column % 2;
    return out[128 * i + thread];
  }
};

TEST(WgmmaText, MultipliesTilesOfTensorCopies) {
  Case test;
  const Counters counters =
      expect_runs(test.launch(load_operands() + multiply("wgmma.wait_group.sync.aligned 0;\n") + store_accumulators()));
  for (uint32_t row = 0; row < 64; ++row) {
    for (uint32_t column = 0; column < 64; ++column)
      ASSERT_EQ(test.result(row, column), test.product(row, column)) << row << " " << column;
  }
  EXPECT_EQ(counters.mma_flops_f16, 2 * 64 * 64 * 64);
}

// D = D - A B with A from registers: each lane passes its row number in bf16 as every element, B's columns are K-major rows.
TEST(WgmmaText, AFromRegistersAndNegatedProducts) {
  Case test;
  std::string body = load_operands();
  // A[row][k] = 1 in rows below 8 of each warp, 2 in the others.
  body += "mov.b32 %r10, 0x3f803f80; mov.b32 %r11, 0x40004000;\n";
  for (int i = 0; i < 32; ++i) body += "mov.f32 %f" + std::to_string(i) + ", 0f42C80000;\n";  // 100
  body += "setp.ne.u32 %p3, 1, 0;\nwgmma.fence.sync.aligned;\n";
  body +=
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " + registers("%f", 0, 32) +
      ", {%r10,%r11,%r10,%r11}, %rd6, %p3, -1, 1, 0;\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n";
  expect_runs(test.launch(body + store_accumulators()));
  for (uint32_t row = 0; row < 64; ++row) {
    for (uint32_t column = 0; column < 64; ++column) {
      float sum = 0;
      for (uint32_t k = 0; k < 16; ++k) sum += test.b.at(column, k) * (row % 16 < 8 ? 1.0f : 2.0f);
      ASSERT_EQ(test.result(row, column), 100.0f - sum) << row << " " << column;
    }
  }
}

TEST(WgmmaText, AccumulatorsAreUndefinedUntilTheWait) {
  Case test;
  EXPECT_THAT(test.launch(load_operands() + multiply("") + store_accumulators()).failure(), HasSubstr("register"));
}

TEST(WgmmaText, OperandsMustBeWrittenAndInside) {
  Case test;
  std::string unwritten = load_operands() + multiply("wgmma.wait_group.sync.aligned 0;\n") + store_accumulators();
  const std::string second_copy = "@%p0 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r4]";
  const size_t begin = unwritten.find(second_copy);
  ASSERT_NE(begin, std::string::npos);
  unwritten.erase(begin, unwritten.find('\n', begin) - begin);
  unwritten.replace(unwritten.find("16384;"), 6, "8192;");
  EXPECT_THAT(test.launch(unwritten).failure(), HasSubstr("uninitialised"));

  std::string beyond = load_operands() + multiply("wgmma.wait_group.sync.aligned 0;\n") + store_accumulators();
  const std::string place = "add.u32 %r4, %r1, 8192;";
  ASSERT_NE(beyond.find(place), std::string::npos);
  beyond.insert(beyond.find("shr.u32 %r6, %r4, 4;"), "add.u32 %r4, %r1, 0x3f000;\n");
  EXPECT_THAT(test.launch(beyond).failure(), HasSubstr("out of bounds"));
}

// Thread 0 refills A while the group may still read it: no wait, and no barrier after one.
TEST(WgmmaText, RefillingAnOperandTooEarlyIsARace) {
  for (const bool waits : {false, true}) {
    Case test;
    std::string body = load_operands() + multiply(waits ? "wgmma.wait_group.sync.aligned 0;\nbar.sync 0;\n" : "");
    body += R"(
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 8192;
    @%p0 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd4, {%r3, %r3}], [%r2];
    AGAIN: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], 1;
    @!%p1 bra AGAIN;
)";
    body += waits ? store_accumulators() : "wgmma.wait_group.sync.aligned 0;\n" + store_accumulators();
    if (waits) {
      expect_runs(test.launch(body));
      EXPECT_EQ(test.result(17, 3), test.product(17, 3));
    } else {
      EXPECT_THAT(test.launch(body).failure(), HasSubstr("race"));
    }
  }
}

// A thread rewrites a word of A by an ordinary store; a barrier alone does not show it to wgmma.
TEST(WgmmaText, OrdinaryStoresNeedAProxyFence) {
  for (const bool fenced : {true, false}) {
    Case test;
    std::string body = load_operands() + "ld.shared.b32 %r20, [%r1]; bar.sync 0;\n@%p0 st.shared.b32 [%r1], %r20;\n";
    body += fenced ? "fence.proxy.async.shared::cta;\nbar.sync 0;\n" : "bar.sync 0;\n";
    body += multiply("wgmma.wait_group.sync.aligned 0;\n") + store_accumulators();
    if (fenced) {
      expect_runs(test.launch(body));
      EXPECT_EQ(test.result(0, 0), test.product(0, 0));
    } else {
      EXPECT_THAT(test.launch(body).failure(), HasSubstr("fence.proxy.async"));
    }
  }
}

TEST(WgmmaText, MalformedOperandsNameTheLine) {
  Case test;
  const std::string body = load_operands() +
                           "setp.ne.u32 %p3, 1, 0;\nwgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " +
                           registers("%f", 0, 31) + ", %rd5, %rd6, %p3, 1, 1, 0, 0;\nret;";
  EXPECT_THAT(test.launch(body).failure(), testing::AllOf(HasSubstr("PTX line"), HasSubstr("m64n64k16")));
}

}  // namespace
}  // namespace attune::emulator
