// From positions and block lists to tiles.
#include "tuner/quantized/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace attune::tuner::quantized {

Result<void> validate(const QuantizedSchedule& schedule) {
  ATTUNE_CHECK(attune::validate(schedule.tiles));
  const auto positive = [](const char* field, int64_t value) -> Result<void> {
    if (value > 0) return {};
    return Error(Status::invalid_argument, fmt::format("{} = {}: give at least 1.", field, value));
  };
  ATTUNE_CHECK(positive("key_tile", schedule.key_tile));
  ATTUNE_CHECK(positive("row_block", schedule.row_block));
  return positive("splits", schedule.splits);
}

std::vector<KeyTile> all_tiles(int64_t keys, int64_t key_tile) {
  std::vector<KeyTile> tiles;
  for (int64_t begin = 0; begin < keys; begin += key_tile) tiles.push_back({begin, std::min(begin + key_tile, keys), 0});
  return tiles;
}

KeySchedule::KeySchedule(const Problem& problem, const Tensors& tensors, const QuantizedSchedule& schedule, int64_t b,
                         int64_t h)
    : problem_(problem), tensors_(tensors), schedule_(schedule), b_(b), h_(h), lengths_(lengths_of(problem, tensors, b)) {}

std::vector<KeyTile> KeySchedule::tiles_of(int64_t i) const {
  if (problem_.sparsity.kind == SparsityKind::none) return dense(i);
  std::vector<KeyTile> tiles;
  if (problem_.sparsity.full) add_list(i, true, tiles);
  if (problem_.sparsity.partial) add_list(i, false, tiles);
  return tiles;
}

// What the position of query i lets it see.
KeySchedule::Range KeySchedule::seen_by(int64_t i) const {
  const int64_t position = i + (problem_.alignment == Alignment::bottom_right ? lengths_.kv - lengths_.q : 0);
  Range range{0, lengths_.kv};
  if (problem_.window_left >= 0) range.first = std::max<int64_t>(0, position - problem_.window_left);
  if (problem_.causal) range.end = std::min(range.end, position + 1);
  if (problem_.window_right >= 0) range.end = std::min(range.end, position + problem_.window_right + 1);
  // A short mask ends the keys of all rows.
  const MaskRequest& mask = problem_.mask;
  if (mask.kind != MaskKind::none && mask.seqlen_kv != 1) range.end = std::min(range.end, mask.seqlen_kv);
  return range;
}

std::vector<KeyTile> KeySchedule::dense(int64_t i) const {
  const int64_t heads = schedule_.packed_heads ? problem_.group() : 1;
  const int64_t row = schedule_.packed_heads ? i * heads + h_ % heads : i;
  const int64_t block_begin = row / schedule_.row_block * schedule_.row_block;
  const int64_t block_last = std::min(block_begin + schedule_.row_block, lengths_.q * heads) - 1;
  // Both ends grow with the query.
  const int64_t size = schedule_.key_tile;
  const int64_t first = seen_by(block_begin / heads).first / size * size, end = seen_by(block_last / heads).end;
  const int64_t count = end > first ? (end - first + size - 1) / size : 0;
  std::vector<KeyTile> tiles;
  for (int64_t part = 0; part < schedule_.splits; ++part) {
    const int64_t from = count * part / schedule_.splits, to = count * (part + 1) / schedule_.splits;
    for (int64_t t = from; t < to; ++t) {
      tiles.push_back({first + t * size, std::min(first + (t + 1) * size, end), part});
    }
  }
  return tiles;
}

void KeySchedule::add_list(int64_t i, bool full, std::vector<KeyTile>& out) const {
  const SparsityRequest& s = problem_.sparsity;
  const int64_t blocks_q = (problem_.seqlen_q + s.block_q - 1) / s.block_q;
  const int64_t head = s.heads == problem_.heads_q ? h_ : s.heads == 1 ? 0 : h_ / problem_.group();
  const int64_t outer = (s.batch == 1 ? 0 : b_) * s.heads + head;
  const int64_t list = outer * blocks_q + i / s.block_q;
  const BlockLists& lists = tensors_.lists;
  const int32_t* index = full ? lists.full_indices : lists.partial_indices;
  int64_t count = 0;
  if (s.kind == SparsityKind::padded_lists) {
    count = (full ? lists.full_counts : lists.partial_counts)[list];
    index += list * s.max_blocks;
  } else {
    const int64_t* offsets = (full ? lists.full_row_ptr : lists.partial_row_ptr) + list + outer;
    count = offsets[1] - offsets[0];
    index += offsets[0];
  }
  const int64_t size = schedule_.key_tile;
  for (int64_t n = 0; n < count; ++n) {
    const int64_t begin = int64_t{index[n]} * s.block_kv, end = std::min(begin + s.block_kv, lengths_.kv);
    for (int64_t at = begin / size * size; at < end; at += size) {
      out.push_back({std::max(at, begin), std::min(at + size, end), 0});
    }
  }
}

}  // namespace attune::tuner::quantized
