// Which rows of Q and of K share a scale, and where fp8 keeps a token of V: the one place that the quantizer, the attention
// kernel and the exact model derive them from.
//
// Source: SageAttention2 (arXiv 2411.10958), section 3.2, and the fragment layouts of mma in the PTX ISA: a lane owns rows g
// and g + 8 and columns 2t and 2t + 1 of each 16x8 accumulator tile, g = lane / 4, t = lane % 4. So rows r with one r % 8,
// and keys n with one (n % 8) / 2, may share a scale without any lane having to know more than one.
#pragma once

#include <cstdint>

#include "generator/quantization.hpp"

namespace attune {

// The tile sizes that scale groups follow. Rows are counted from the start of their sequence (varlen: of the batch element).
struct QuantizationTiles {
  int64_t block_q = 128;  // query rows of a block: granularity block, and the rows of one mean of Q
  int64_t warp_q = 32;    // query rows of a warp; a divisor of block_q and a multiple of 8
  int64_t block_kv = 64;  // keys of a tile
  int64_t warp_kv = 64;   // keys of a tile that one warp multiplies; a divisor of block_kv and a multiple of 8
  bool operator==(const QuantizationTiles&) const = default;
};

// invalid_argument when the sizes do not divide each other as said above.
Result<void> validate(const QuantizationTiles& tiles);

// Keys a head that KSmoothing::sink_mean may score apart, and what makes a key one: the subtraction of the mean key would
// raise its largest magnitude by more than this factor. Of more keys, those raised the most count (of equals the first), and
// the others are smoothed like any. Well above 1: where the mean is small against the keys there is no sink.
inline constexpr int64_t max_sink_keys = 4;
inline constexpr float sink_ratio = 2;

// log2 of what P is multiplied by for e4m3, so that its largest value is just below 448. Part of the running maximum of the
// softmax, so that it costs no instruction and cancels in O and LSE.
inline constexpr float e4m3_p_offset = 8.807F;

// Scale index of a row = row / segment_rows * groups_per_segment + (row % 8) / rows_per_lane % groups_per_segment.
struct ScaleGroups {
  int64_t segment_rows = 0;        // 0: all rows are one segment
  int64_t groups_per_segment = 1;  // 8 for Q and 4 for K by threads, else 1
  int64_t rows_per_lane = 1;       // 1 for Q, 2 for K: neighbouring rows of one lane
  int64_t padded_to = 1;           // counts are those of whole blocks of so many rows

  int64_t of(int64_t row) const {
    const int64_t segment = segment_rows == 0 ? 0 : row / segment_rows;
    return segment * groups_per_segment + row % 8 / rows_per_lane % groups_per_segment;
  }
  // Scales of `rows` rows. Groups of rows that do not exist are counted, so that every block has as many.
  int64_t count(int64_t rows) const {
    if (segment_rows == 0) return 1;
    return (rows + padded_to - 1) / padded_to * (padded_to / segment_rows) * groups_per_segment;
  }
  bool operator==(const ScaleGroups&) const = default;
};

ScaleGroups q_scale_groups(Granularity granularity, const QuantizationTiles& tiles);
ScaleGroups k_scale_groups(Granularity granularity, const QuantizationTiles& tiles);

// Where fp8 V, stored transposed, keeps token r: accumulators of two neighbouring n8 tiles then are, without a shuffle, the
// four consecutive k of an fp8 A fragment. A permutation of each 16 tokens: 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15.
constexpr int64_t fp8_value_position(int64_t token) {
  const int64_t r = token % 16;
  return token - r + r / 8 * 2 + r / 2 % 4 * 4 + r % 2;
}

}  // namespace attune
