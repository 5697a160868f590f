// When quantizing pays: arithmetic that can be redone by hand.
#include "generator/break_even.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace attune {
namespace {

DeviceClass gpu(const std::string& arch, int64_t units) {
  DeviceClass device;
  device.kind = "cuda";
  device.arch = arch;
  device.compute_units = units;
  return device;
}

Problem square(int64_t seqlen, int64_t head_dim = 64) {
  Problem p;
  p.seqlen_q = p.seqlen_kv = seqlen;
  p.head_dim_qk = p.head_dim_v = head_dim;
  p.dtype = DType::f16;
  return p;
}

Quantization request(const std::string& text) { return *parse_quantization(text); }

// The candidates that an arch has, and none.
std::vector<Quantization> requests(const std::vector<std::string>& texts) {
  std::vector<Quantization> all;
  for (const std::string& text : texts) all.push_back(request(text));
  return all;
}
std::string best(const Problem& p, const std::vector<std::string>& texts, const DeviceClass& device) {
  return texts[rank_by_estimate(p, requests(texts), device).front()];
}
const std::vector<std::string> on_sm_89 = {"sage2-4b", "sage2++", "sage2-8b", "sage1", "none"};

TEST(BreakEven, ByHand) {
  const Problem p = square(1024);
  const DeviceClass device = gpu("sm_89", 1);
  const CycleEstimate plain = estimate_cycles(p, {}, device);
  EXPECT_DOUBLE_EQ(plain.attention, 2.0 * 1024 * 1024 * (64.0 / 512 + 64.0 / 512));
  EXPECT_EQ(plain.quantizers, 0);
  const CycleEstimate sage = estimate_cycles(p, request("sage2-8b"), device);
  EXPECT_DOUBLE_EQ(sage.attention, 2.0 * 1024 * 1024 * (64.0 / 2048 + 64.0 / 1024));
  // Q: read, written as a byte. K and V: read twice. Two launches.
  EXPECT_DOUBLE_EQ(sage.quantizers, 65536.0 * (3 + 5 + 5) / 3 + 2 * 4000);
  // Twice the SMs take half the time, but for the launches.
  EXPECT_DOUBLE_EQ(estimate_cycles(p, request("sage2-8b"), gpu("sm_89", 2)).quantizers, 65536.0 * 13 / 3 / 2 + 2 * 4000);
  // int4 writes half a byte; the means of 8 blocks of Q meet all keys in fp32.
  const CycleEstimate four = estimate_cycles(p, request("sage2-4b"), device);
  EXPECT_DOUBLE_EQ(four.quantizers, 65536.0 * (2.5 + 4.5 + 5) / 3 + 2 * 4000 + 8 * 1024 * 2.0 * 64 / 256);
  EXPECT_DOUBLE_EQ(estimate_cycles(p, request("int8"), device).quantizers, 65536.0 * (3 + 3) / 3 + 4000);
}

TEST(BreakEven, LongSequencesPayShortOnesDoNot) {
  for (const auto& [arch, units, texts] : std::vector<std::tuple<std::string, int64_t, std::vector<std::string>>>{
           {"sm_80", 108, {"sage1", "none"}},
           {"sm_89", 128, on_sm_89},
           {"sm_90a", 132, {"sage2++", "sage2-8b", "sage1", "none"}},
           {"sm_120a", 170, {"sage2++", "sage2-8b", "sage1", "none"}}}) {
    bool paid = false;
    for (int64_t seqlen = 64; seqlen <= 65536; seqlen *= 2) {
      Problem p = square(seqlen, 128);
      p.heads_q = p.heads_kv = 32;
      const bool pays = best(p, texts, gpu(arch, units)) != "none";
      EXPECT_TRUE(pays || !paid) << arch << " " << seqlen << ": it paid for shorter ones";
      EXPECT_TRUE(seqlen > 64 || !pays) << arch;
      paid = pays;
    }
    EXPECT_TRUE(paid) << arch;
  }
}

TEST(BreakEven, FasterSumsAreChosenWhereTheyAreFaster) {
  const Problem p = square(16384, 128);
  EXPECT_EQ(best(p, on_sm_89, gpu("sm_89", 128)), "sage2++");
  // mma.sync of Hopper multiplies e4m3 as fp16: 8-bit V has to be quantized and gains nothing.
  EXPECT_EQ(best(p, {"sage2++", "sage2-8b", "sage1", "none"}, gpu("sm_90a", 132)), "sage1");
  EXPECT_EQ(best(p, {"sage2++", "sage2-8b"}, gpu("sm_90a", 132)), "sage2-8b");  // fp16 sums lose accuracy
  EXPECT_EQ(best(p, {"sage2++", "sage2-8b", "sage1", "none"}, gpu("sm_120a", 170)), "sage2++");
  EXPECT_EQ(best(p, {"sage1", "none"}, gpu("sm_80", 108)), "sage1");
  // int8 is slow on B300.
  EXPECT_EQ(best(p, {"sage2++", "sage2-8b", "sage1", "none"}, gpu("sm_103a", 160)), "none");
}

TEST(BreakEven, DecodeReadsKeysOnceAndCannotPayForMore) {
  Problem p = square(65536, 128);
  p.seqlen_q = 1;
  p.heads_q = 32;
  p.heads_kv = 8;
  for (const std::string arch : {"sm_80", "sm_89", "sm_90a", "sm_120a"}) {
    EXPECT_EQ(best(p, {"sage2-8b", "none"}, gpu(arch, 100)), "none") << arch;
  }
  // The pool of a paged cache may be any size.
  Problem paged = square(4096, 128);
  paged.page_size = 64;
  paged.page_count = 64;
  const CycleEstimate small = estimate_cycles(paged, request("sage2-8b"), gpu("sm_89", 128));
  paged.page_count = 1 << 20;
  EXPECT_EQ(estimate_cycles(paged, request("sage2-8b"), gpu("sm_89", 128)).quantizers, small.quantizers);
}

TEST(BreakEven, TheCpuHasNoneOfTheFormatsOfTheCandidates) {
  DeviceClass cpu;
  cpu.kind = "cpu";
  for (const std::string arch : {"x86-64-avx512bf16", "x86-64-avx512vnni", "x86-64-avxvnni", "x86-64-avx2", "portable"}) {
    cpu.arch = arch;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Problem p = square(16384, 128);
      p.dtype = dtype;
      EXPECT_EQ(best(p, on_sm_89, cpu), "none") << arch;
    }
  }
}

TEST(BreakEven, RankingsAreCompleteAndPutNoneBeforeWhatIsNotFaster) {
  const std::vector<Quantization> all = requests(on_sm_89);
  for (const int64_t seqlen : {64, 700, 1500, 4096, 32768}) {
    Problem p = square(seqlen, 128);
    p.heads_q = p.heads_kv = 16;
    const DeviceClass device = gpu("sm_89", 128);
    const std::vector<size_t> order = rank_by_estimate(p, all, device);
    std::vector<size_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, (std::vector<size_t>{0, 1, 2, 3, 4}));
    const double plain = estimate_cycles(p, {}, device).total();
    bool after_none = false;
    for (const size_t at : order) {
      after_none = after_none || all[at].none();
      EXPECT_EQ(estimate_cycles(p, all[at], device).total() > quantization_margin * plain, after_none)
          << seqlen << " " << at;
    }
  }
  // Where none is not among them, the fastest is first.
  EXPECT_EQ(rank_by_estimate(square(64), requests({"sage1", "sage2++"}), gpu("sm_89", 128)).size(), 2U);
  // An architecture of the future has the rates of the last one that is known.
  EXPECT_EQ(best(square(16384), {"sage2++", "none"}, gpu("sm_199", 100)), "sage2++");
}

TEST(BreakEven, SaysWhy) {
  const DeviceClass device = gpu("sm_89", 128);
  EXPECT_THAT(explain_estimate(square(64), {}, request("sage2++"), device),
              testing::HasSubstr("below break-even, unquantized: sage2++ would save"));
  EXPECT_THAT(explain_estimate(square(65536), request("sage2++"), request("sage2++"), device),
              testing::HasSubstr("sage2++: 0.2"));
}

}  // namespace
}  // namespace attune
