// Quantization requests: names, words, canonical text, contradictions; and which rows share a scale.
#include "generator/quantization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "generator/problem.hpp"
#include "generator/quantization_layout.hpp"

namespace attune {
namespace {

using testing::HasSubstr;

std::string canonical(std::string_view text) {
  const auto result = canonical_quantization(text);
  return result ? *result : "error: " + result.error().message();
}

TEST(Quantization, PresetsAreWhatTheirNamesSay) {
  const auto get = [](std::string_view name) { return *parse_quantization(name); };
  EXPECT_TRUE(get("none").none());
  EXPECT_EQ(get("sage1"), *parse_quantization("int8,block,k-mean,acc-f16,flush-64"));
  EXPECT_EQ(get("sage2-8b"), *parse_quantization("int8,thread,k-mean,pv-e4m3,flush-64"));
  EXPECT_EQ(get("sage2-4b"), *parse_quantization("int4,k-mean,q-mean,pv-e4m3,flush-64"));
  EXPECT_EQ(get("sage2++"), *parse_quantization("int8,k-mean,pv-e4m3,acc-f16,flush-64"));
  EXPECT_TRUE(get("sage").automatic);
  EXPECT_EQ(get("sage2-8b").v_target(), 448.0F);
  EXPECT_EQ(get("sage2++").v_target(), 2.25F);
  EXPECT_EQ(get("sage2-4b").qk_target(), 7.0F);
  for (const Quantization& candidate : quantization_candidates()) {
    EXPECT_FALSE(candidate.automatic);
    EXPECT_TRUE(validate(candidate).ok());
  }
  EXPECT_EQ(quantization_candidates().size(), 4u);
}

TEST(Quantization, EqualRequestsHaveEqualText) {
  for (const QuantizationPreset& preset : quantization_presets()) EXPECT_EQ(canonical(preset.name), preset.name);
  EXPECT_EQ(canonical("qk-int8"), "int8");
  EXPECT_EQ(canonical("int8,thread"), "int8");
  EXPECT_EQ(canonical(" k-mean int8 ,warp"), "int8,warp,k-mean");
  EXPECT_EQ(canonical("sage2-8b,token,k-sink"), "int8,token,k-sink,pv-e4m3,flush-64");
  EXPECT_EQ(canonical("sage2-8b,acc-f16"), "sage2++");
  EXPECT_EQ(canonical("sage1,thread,block"),
            "error: quantization: 'block' names granularity a second time; leave one of them "
            "out.");
  EXPECT_EQ(canonical("qk-input"), "none");
}

// Every valid combination of words: its text gives it back, and no two of them share a text.
TEST(Quantization, EveryCombinationRoundTrips) {
  std::map<std::string, Quantization> seen;
  int refused = 0;
  for (int code = 0; code < 4 * 5 * 3 * 2 * 2 * 3 * 2 * 3 * 3; ++code) {
    int rest = code;
    const auto digit = [&](int base) {
      const int value = rest % base;
      rest /= base;
      return value;
    };
    Quantization q;
    q.qk = static_cast<QkOperand>(digit(4));
    q.granularity = static_cast<Granularity>(digit(5));
    q.k_smoothing = static_cast<KSmoothing>(digit(3));
    q.q_smoothing = static_cast<QSmoothing>(digit(2));
    q.v_smoothing = static_cast<VSmoothing>(digit(2));
    q.pv = static_cast<PvOperand>(digit(3));
    q.accumulator = static_cast<PvAccumulator>(digit(2));
    q.flush_keys = int64_t{64} * digit(3);
    q.scales = static_cast<ScaleConvention>(digit(3));
    if (const auto valid = validate(q); !valid) {
      ++refused;
      // The message ends with the nearest request that has no contradiction of this kind.
      const std::string message = valid.error().message();
      const size_t at = message.find("; give ");
      ASSERT_NE(at, std::string::npos) << message;
      const std::string nearest = message.substr(at + 7, message.rfind(" instead.") - at - 7);
      if (const auto again = parse_quantization(nearest); !again) {
        EXPECT_EQ(message.find(again.error().message()), std::string::npos) << "circular advice: " << message;
      }
      continue;
    }
    const std::string text = to_text(q);
    const auto again = parse_quantization(text);
    ASSERT_TRUE(again.ok()) << text << ": " << again.error().message();
    EXPECT_EQ(*again, q) << text;
    EXPECT_TRUE(seen.emplace(text, q).second) << text;
  }
  EXPECT_GT(seen.size(), 1000u);
  EXPECT_GT(refused, 1000);
}

TEST(Quantization, RefusalsNameTheWordAndWhatThereIs) {
  const auto refused = [](std::string_view text, std::string_view part) {
    const auto result = parse_quantization(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().status(), Status::invalid_argument);
    EXPECT_THAT(result.error().message(), HasSubstr(std::string(part)));
    EXPECT_THAT(result.error().message(), testing::ContainsRegex("give|leave"));
    EXPECT_EQ(result.error().message().back(), '.');
  };
  refused("", "empty");
  refused(" , ", "empty");
  refused("int3", "'int3' is unknown; give none, sage1, sage2-8b, sage2-4b, sage2++, sage, or words of qk-input, int8");
  refused("SAGE1", "'SAGE1' is unknown");
  refused("qk-int5", "'qk-int5'");
  refused("qk-warp", "'qk-warp'");
  refused("int8\n", "'int8?'");
  refused(std::string(201, 'x'), "201 characters");
  refused("int8,int4", "'int4' names Q and K a second time");
  refused("int8,sage1", "'sage1' stands behind other words");
  refused("sage1,sage2++", "'sage2++' stands behind other words");
  refused("sage,warp", "'warp' cannot change it");
  refused("warp", "give int8,warp instead");
  refused("k-mean", "give int8,k-mean instead");
  refused("pv-e4m3,acc-f16", "give pv-e4m3,acc-f16,flush-64 instead");
  refused("pv-int8,acc-f16", "give pv-int8 instead");
  refused("flush-64", "give none instead");
  refused("v-mean", "give none instead");
  refused("scale-divided", "nothing has a scale; give none instead");
  refused("flush-48", "'flush-48' is unknown");
  Quantization odd = *parse_quantization("sage2++");
  odd.flush_keys = 96;
  EXPECT_THAT(validate(odd).error().message(), HasSubstr("96 keys"));
}

TEST(Quantization, AProblemHoldsTheCanonicalText) {
  Problem problem;
  problem.quantization = "sage2++";
  EXPECT_TRUE(validate(problem).ok());
  EXPECT_THAT(to_text(problem), HasSubstr("quantization(sage2++)"));
  problem.quantization = "int8,thread";
  EXPECT_THAT(validate(problem).error().message(), HasSubstr("quantization is not in its canonical form; give 'int8'."));
  const auto read = problem_from_json(R"({"quantization":"k-mean,int8"})");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->quantization, "int8,k-mean");
}

TEST(QuantizationLayout, RowsOfALaneShareAScale) {
  const QuantizationTiles tiles;
  const ScaleGroups q = q_scale_groups(Granularity::thread, tiles), k = k_scale_groups(Granularity::thread, tiles);
  EXPECT_EQ(q.count(130), 2 * 4 * 8);
  EXPECT_EQ(k.count(65), 2 * 4);
  std::map<int64_t, int> sizes;
  for (int64_t row = 0; row < 256; ++row) {
    EXPECT_EQ(q.of(row), row / 32 * 8 + row % 8);
    EXPECT_EQ(k.of(row), row / 64 * 4 + row % 8 / 2);
    ++sizes[k.of(row)];
  }
  for (const auto& [group, size] : sizes) EXPECT_EQ(size, 16);
  // In the fragment of m16n8: a lane's rows g, g + 8 (of any 16-row slab) and its columns 2t, 2t + 1 (of any n8 tile).
  for (int lane = 0; lane < 32; ++lane) {
    std::set<int64_t> of_q, of_k;
    for (int64_t slab = 0; slab < 2; ++slab) of_q.insert({q.of(slab * 16 + lane / 4), q.of(slab * 16 + lane / 4 + 8)});
    for (int64_t tile = 0; tile < 8; ++tile) of_k.insert({k.of(tile * 8 + lane % 4 * 2), k.of(tile * 8 + lane % 4 * 2 + 1)});
    EXPECT_EQ(of_q.size(), 1u);
    EXPECT_EQ(of_k.size(), 1u);
  }
}

TEST(QuantizationLayout, EveryGranularityCountsWholeBlocks) {
  const QuantizationTiles hopper{64, 16, 128, 128};
  ASSERT_TRUE(validate(hopper).ok());
  const auto counts = [&](Granularity g) {
    return std::pair(q_scale_groups(g, hopper).count(65), k_scale_groups(g, hopper).count(129));
  };
  EXPECT_EQ(counts(Granularity::tensor), std::pair(int64_t{1}, int64_t{1}));
  EXPECT_EQ(counts(Granularity::block), std::pair(int64_t{2}, int64_t{2}));
  EXPECT_EQ(counts(Granularity::warp), std::pair(int64_t{8}, int64_t{2}));
  EXPECT_EQ(counts(Granularity::thread), std::pair(int64_t{64}, int64_t{8}));
  EXPECT_EQ(counts(Granularity::token), std::pair(int64_t{65}, int64_t{129}));
  for (const Granularity g :
       {Granularity::tensor, Granularity::block, Granularity::warp, Granularity::thread, Granularity::token}) {
    const ScaleGroups q = q_scale_groups(g, hopper), k = k_scale_groups(g, hopper);
    for (int64_t row = 0; row < 300; ++row) {
      EXPECT_LT(q.of(row), q.count(row + 1));
      EXPECT_LT(k.of(row), k.count(row + 1));
    }
  }
  EXPECT_FALSE(validate(QuantizationTiles{128, 24, 64, 64}).ok());
  EXPECT_FALSE(validate(QuantizationTiles{128, 32, 64, 4}).ok());
  EXPECT_THAT(validate(QuantizationTiles{128, 32, 64, 48}).error().message(), HasSubstr("warp_kv"));
}

TEST(QuantizationLayout, Fp8ValuesLieWhereTheFragmentWantsThem) {
  const int64_t tokens[16] = {0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15};
  for (int64_t group = 0; group < 3; ++group) {
    for (int64_t at = 0; at < 16; ++at) EXPECT_EQ(fp8_value_position(group * 16 + tokens[at]), group * 16 + at);
  }
}

}  // namespace
}  // namespace attune
