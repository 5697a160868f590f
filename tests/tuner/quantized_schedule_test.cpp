// The order in which a kernel visits keys: tiles, splits and lists, and what of it shows in the model's numbers.
#include "tuner/quantized/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tuner/quantized/model.hpp"
#include "tuner/quantized/rounding.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

std::string text(const std::vector<KeyTile>& tiles) {
  std::string out;
  for (const KeyTile& tile : tiles) {
    out += (out.empty() ? "" : " ") + std::to_string(tile.part) + ":" + std::to_string(tile.begin) + "-" +
           std::to_string(tile.end);
  }
  return out;
}

Problem problem(int64_t rows, int64_t keys) {
  Problem p;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = rows;
  p.seqlen_kv = keys;
  return p;
}

QuantizedSchedule schedule(int64_t key_tile, int64_t row_block, int64_t splits) {
  QuantizedSchedule s;
  s.key_tile = key_tile;
  s.row_block = row_block;
  s.splits = splits;
  return s;
}

std::string tiles(const Problem& p, const QuantizedSchedule& s, int64_t i, const Tensors& t = {}, int64_t b = 0,
                  int64_t h = 0) {
  return text(KeySchedule(p, t, s, b, h).tiles_of(i));
}

TEST(QuantizedSchedule, DenseTilesAreCutIntoEvenRuns) {
  const Problem p = problem(10, 100);
  EXPECT_EQ(tiles(p, schedule(32, 8, 1), 0), "0:0-32 0:32-64 0:64-96 0:96-100");
  EXPECT_EQ(tiles(p, schedule(32, 8, 3), 0), "0:0-32 1:32-64 2:64-96 2:96-100");
  // More parts than tiles: some have none.
  EXPECT_EQ(tiles(p, schedule(64, 8, 4), 9), "1:0-64 3:64-100");
  EXPECT_EQ(tiles(problem(10, 0), schedule(64, 8, 4), 9), "");
}

TEST(QuantizedSchedule, TilesAreThoseOfTheWholeBlockOfRows) {
  Problem p = problem(100, 100);
  p.causal = true;
  EXPECT_EQ(tiles(p, schedule(16, 32, 1), 0), "0:0-16 0:16-32");
  EXPECT_EQ(tiles(p, schedule(16, 32, 2), 31), "0:0-16 1:16-32");
  // The last block has the rows that are left.
  EXPECT_EQ(tiles(p, schedule(32, 64, 1), 99), "0:0-32 0:32-64 0:64-96 0:96-100");
  p.window_left = 5;
  // First key of row 64: 59; the grid is that of the sequence.
  EXPECT_EQ(tiles(p, schedule(32, 32, 2), 80), "0:32-64 1:64-96");
  p.causal = false;
  p.window_right = 3;
  EXPECT_EQ(tiles(p, schedule(32, 32, 1), 10), "0:0-32 0:32-35");
  // Bottom right: query i stands at i - 60.
  p = problem(100, 40);
  p.causal = true;
  p.alignment = Alignment::bottom_right;
  EXPECT_EQ(tiles(p, schedule(16, 32, 1), 40), "0:0-4");
  EXPECT_EQ(tiles(p, schedule(16, 32, 1), 20), "");
}

TEST(QuantizedSchedule, PackedHeadsAreRowsOfTheirGroup) {
  Problem p = problem(64, 64);
  p.causal = true;
  QuantizedSchedule s = schedule(8, 16, 1);
  s.packed_heads = true;
  // Rows 16..31 are queries 8..15 of both heads of the group.
  EXPECT_EQ(tiles(p, s, 8, {}, 0, 1), "0:0-8 0:8-16");
  s.row_block = 3;
  // Row 2 * 4 + 0 = 8 is in the block of rows 6..8, queries 3..4; row 9 in that of rows 9..11, queries 4..5.
  s.key_tile = 5;
  EXPECT_EQ(tiles(p, s, 4, {}, 0, 0), "0:0-5");
  EXPECT_EQ(tiles(p, s, 4, {}, 0, 1), "0:0-5 0:5-6");
}

TEST(QuantizedSchedule, LengthsAndShortMasksEndTheKeys) {
  Problem p = problem(8, 100);
  p.batch = 2;
  p.kv_lengths = true;
  const int32_t lengths[] = {100, 33};
  Tensors t;
  t.kv_lengths = lengths;
  EXPECT_EQ(tiles(p, schedule(32, 8, 2), 0, t, 0), "0:0-32 0:32-64 1:64-96 1:96-100");
  EXPECT_EQ(tiles(p, schedule(32, 8, 2), 0, t, 1), "0:0-32 1:32-33");
  p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 40};
  EXPECT_EQ(tiles(p, schedule(32, 8, 2), 0, t, 0), "0:0-32 1:32-40");
  p.mask.seqlen_kv = 1;
  EXPECT_EQ(tiles(p, schedule(32, 8, 2), 0, t, 1), "0:0-32 1:32-33");
}

TEST(QuantizedSchedule, ListsGoFullThenPartialOnTheGridOfTheTiles) {
  Problem p = problem(100, 200);
  p.batch = 2;
  p.sparsity = {SparsityKind::padded_lists, 64, 48, true, true, 2, 2, 3};
  // Lists of (batch, KV head, query block).
  std::vector<int32_t> counts(8, 0), partial_counts(8, 0), full(24, -1), partial(24, -1);
  const int64_t list = (1 * 2 + 1) * 2 + 1;
  counts[list] = 2;
  full[list * 3] = 4;
  full[list * 3 + 1] = 1;
  partial_counts[list] = 1;
  partial[list * 3] = 0;
  Tensors t;
  t.lists = {counts.data(), full.data(), partial_counts.data(), partial.data(), nullptr, nullptr};
  EXPECT_EQ(tiles(p, schedule(32, 64, 1), 70, t, 1, 3), "0:192-200 0:48-64 0:64-96 0:0-32 0:32-48");
  EXPECT_EQ(tiles(p, schedule(64, 64, 1), 70, t, 1, 2), "0:192-200 0:48-64 0:64-96 0:0-48");
  EXPECT_EQ(tiles(p, schedule(32, 64, 1), 63, t, 1, 3), "");

  p.sparsity.kind = SparsityKind::csr_lists;
  p.sparsity.partial = false;
  p.sparsity.heads = p.sparsity.batch = 1;
  const std::vector<int64_t> rows = {0, 1, 3};
  const std::vector<int32_t> blocks = {2, 3, 0};
  t.lists = {nullptr, blocks.data(), nullptr, nullptr, rows.data(), nullptr};
  EXPECT_EQ(tiles(p, schedule(48, 64, 1), 10, t, 1, 3), "0:96-144");
  EXPECT_EQ(tiles(p, schedule(48, 64, 1), 99, t), "0:144-192 0:0-48");
}

// One query, scores of our choosing, V of one channel.
struct Scores {
  HeadTensors head;
  ScoreRules rules;
};
Scores scores(int64_t keys, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw;
  Scores s{{Matrix(1, 8), Matrix(keys, 8), Matrix(keys, 1)}, {}};
  s.head.q.row(0)[0] = 1;
  for (int64_t n = 0; n < keys; ++n) {
    s.head.k.row(n)[0] = 3 * draw(random);
    s.head.v.row(n)[0] = draw(random);
  }
  return s;
}

float run(const Scores& s, const std::string& request, const QuantizedSchedule& schedule, float* lse = nullptr) {
  ModelOptions options;
  options.schedule = schedule;
  const auto out = model_matrices(s.head, DType::f32, *parse_quantization(request), s.rules, options, nullptr);
  EXPECT_TRUE(out.ok());
  if (!out.ok()) return 0;
  if (lse != nullptr) *lse = out->lse[0];
  return out->o.row(0)[0];
}

TEST(QuantizedSchedule, EachTileIsRoundedAgainstTheMaximumSoFar) {
  const Scores s = scores(96, 5);
  const QuantizedValues v = quantize_values(s.head.v, *parse_quantization("pv-e4m3"));
  for (const int64_t key_tile : {32, 64, 128}) {
    double o = 0, sum = 0, maximum = -HUGE_VAL;
    for (int64_t first = 0; first < 96; first += key_tile) {
      double tile = -HUGE_VAL;
      for (int64_t n = first; n < std::min<int64_t>(96, first + key_tile); ++n) {
        tile = std::max(tile, static_cast<double>(s.head.k.row(n)[0]));
      }
      const double larger = std::max(maximum, tile), decay = std::exp(maximum - larger);
      o *= decay;
      sum *= decay;
      maximum = larger;
      for (int64_t n = first; n < std::min<int64_t>(96, first + key_tile); ++n) {
        const double p = 447.9 * std::exp(static_cast<double>(s.head.k.row(n)[0]) - maximum);
        sum += p;
        o += static_cast<double>(round_e4m3(static_cast<float>(p)) * v.codes.row(n)[0]);
      }
    }
    const float got = run(s, "pv-e4m3", schedule(key_tile, 128, 1));
    EXPECT_NEAR(got, o / sum * static_cast<double>(v.scale[0]), 2e-4 * std::fabs(o / sum)) << key_tile;
  }
  // The maximum of the whole row is in the last tile: rounding against it from the start would be another number.
  EXPECT_NE(run(s, "pv-e4m3", schedule(32, 128, 1)), run(s, "pv-e4m3", schedule(128, 128, 1)));
  EXPECT_NE(run(s, "pv-int8", schedule(32, 128, 1)), run(s, "pv-int8", schedule(64, 128, 1)));
}

TEST(QuantizedSchedule, PIsRoundedToTheTypeOfVUnlessItIsMultipliedInFp32) {
  // P is 1 and 2/3, which bf16 does not hold: with V at -1 and 1.5 nothing is left but that error.
  Scores s = scores(2, 1);
  s.head.k.row(0)[0] = 0;
  s.head.k.row(1)[0] = std::log(2.0F / 3);
  s.head.v.row(0)[0] = -1;
  s.head.v.row(1)[0] = 1.5F;
  const float error = (0.66796875F - 2.0F / 3) * 1.5F / (5.0F / 3);
  for (const bool fp32_p : {false, true}) {
    ModelOptions options;
    options.schedule.fp32_p = fp32_p;
    const auto out = model_matrices(s.head, DType::bf16, *parse_quantization("int8"), s.rules, options, nullptr);
    ASSERT_TRUE(out.ok()) << out.error().message();
    EXPECT_NEAR(out->o.row(0)[0], fp32_p ? 0 : error, 1e-5) << fp32_p;
  }
}

TEST(QuantizedSchedule, PartsAreSummedApartAndMerged) {
  for (const std::string request : {"pv-e4m3", "pv-int8", "sage2-8b", "sage1", "acc-f16"}) {
    Scores all = scores(200, 9);
    all.rules.tiles = [](int64_t) {
      std::vector<KeyTile> tiles = all_tiles(200, 64);
      for (KeyTile& tile : tiles) tile.part = tile.begin / 128;
      return tiles;
    };
    float lse = 0;
    const float merged = run(all, request, {}, &lse);
    // A part is a run that sees nothing else.
    double o = 0, weights = 0;
    for (const bool second : {false, true}) {
      Scores part = scores(200, 9);
      part.rules.bias = [second](int64_t, std::span<float> bias) {
        for (size_t n = 0; n < bias.size(); ++n) bias[n] = (n >= 128) == second ? 0.0F : -infinity;
      };
      float part_lse = 0;
      const auto value = static_cast<double>(run(part, request, {}, &part_lse));
      const double weight = std::exp(static_cast<double>(part_lse - lse));
      o += weight * value;
      weights += weight;
    }
    EXPECT_NEAR(weights, 1, 1e-5) << request;
    EXPECT_NEAR(merged, o, 1e-5) << request;
    // Only e4m3 has codes that are not evenly spaced, which a maximum that comes later moves P between.
    const bool moves = parse_quantization(request)->pv == PvOperand::e4m3;
    EXPECT_EQ(merged != run(scores(200, 9), request, {}), moves || request == "sage1" || request == "acc-f16") << request;
  }
}

TEST(QuantizedSchedule, AnEmptyPartAndASinkLeaveTheRoundingOfPAlone) {
  Scores s = scores(64, 3);
  const float plain = run(s, "pv-e4m3", {});
  s.rules.tiles = [](int64_t) { return std::vector<KeyTile>{{0, 64, 3}}; };
  EXPECT_EQ(run(s, "pv-e4m3", {}), plain);
  // However large the sink, P keeps its codes: O is scaled by the keys' share of the sum.
  float lse = 0, with_sink = 0;
  run(s, "pv-e4m3", {}, &lse);
  const float sink = lse + 1.5F;
  s.rules.sink = &sink;
  const float got = run(s, "pv-e4m3", {}, &with_sink);
  EXPECT_NEAR(got, plain / (1 + std::exp(1.5F)), 1e-6 * std::fabs(plain));
  EXPECT_NEAR(with_sink, lse + std::log1p(std::exp(1.5F)), 1e-5);
}

TEST(QuantizedSchedule, SomeRowsAreTheSameAsThoseOfAll) {
  Problem p = problem(150, 130);
  p.causal = p.want_lse = true;
  p.head_dim_qk = p.head_dim_v = 16;
  p.dtype = DType::f32;
  std::mt19937 random(1);
  std::normal_distribution<float> draw;
  std::vector<float> q(4 * 150 * 16), k(2 * 130 * 16), v(2 * 130 * 16);
  for (auto* tensor : {&q, &k, &v}) {
    for (float& value : *tensor) value = draw(random);
  }
  Tensors t;
  set_contiguous_strides(p, t);
  t.q.data = q.data();
  t.k.data = k.data();
  t.v.data = v.data();
  ModelOptions options;
  options.schedule = schedule(64, 32, 2);
  const std::vector<int64_t> rows = {149, 0, 64};
  for (const std::string request : {"sage2-4b", "sage2-8b,k-sink", "pv-int8"}) {
    const Quantization parsed = *parse_quantization(request);
    const auto all = model_head(p, t, parsed, options, 0, 3, nullptr);
    const auto some = model_rows(p, t, parsed, options, 0, 3, rows, nullptr);
    ASSERT_TRUE(all.ok() && some.ok());
    ASSERT_EQ(some->o.rows, 3);
    for (size_t at = 0; at < rows.size(); ++at) {
      EXPECT_EQ(some->lse[at], all->lse[static_cast<size_t>(rows[at])]);
      for (int64_t c = 0; c < 16; ++c) {
        EXPECT_EQ(some->o.row(static_cast<int64_t>(at))[c], all->o.row(rows[at])[c]) << request;
      }
    }
  }
}

TEST(QuantizedSchedule, SizesThatCannotBe) {
  const auto message = [](const QuantizedSchedule& s) {
    const auto valid = validate(s);
    return valid.ok() ? std::string() : valid.error().message();
  };
  EXPECT_EQ(message({}), "");
  EXPECT_EQ(message(schedule(0, 1, 1)), "key_tile = 0: give at least 1.");
  EXPECT_EQ(message(schedule(1, 0, 1)), "row_block = 0: give at least 1.");
  EXPECT_EQ(message(schedule(1, 1, -1)), "splits = -1: give at least 1.");
  QuantizedSchedule s;
  s.tiles.warp_q = 12;
  EXPECT_THAT(message(s), testing::HasSubstr("warp_q"));
}

}  // namespace
}  // namespace attune::tuner::quantized
