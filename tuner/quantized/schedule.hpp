// Which keys a row of a kernel visits, in what order, and in which parts that are summed apart.
//
// Source: QuantizedSchedule (generator/family.hpp). P is rounded relative to a running maximum, so that the order shows in
// the numbers. Written from that contract, independent of what is emitted.
#pragma once

#include <cstdint>
#include <vector>

#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "tuner/reference_row.hpp"

namespace attune::tuner::quantized {

// Keys [begin, end) of the tile that begins at begin / key_tile * key_tile; the others of the tile take no part.
struct KeyTile {
  int64_t begin = 0, end = 0;
  int64_t part = 0;  // ascends; each part has a maximum and sums of its own
};

// invalid_argument, with the field, when a size is not positive or the tiles of the scale groups do not divide each other.
Result<void> validate(const QuantizedSchedule& schedule);

// All keys in ascending order, in one part.
std::vector<KeyTile> all_tiles(int64_t keys, int64_t key_tile);

// The tiles of one head; thread-safe. `tensors` outlive it.
class KeySchedule {
 public:
  KeySchedule(const Problem& problem, const Tensors& tensors, const QuantizedSchedule& schedule, int64_t b, int64_t h);

  // Of query i of the batch element. Masks hide more of these keys, but change no tile.
  std::vector<KeyTile> tiles_of(int64_t i) const;

 private:
  struct Range {
    int64_t first, end;
  };
  Range seen_by(int64_t i) const;
  std::vector<KeyTile> dense(int64_t i) const;
  void add_list(int64_t i, bool full, std::vector<KeyTile>& out) const;

  const Problem& problem_;
  const Tensors& tensors_;
  QuantizedSchedule schedule_;
  int64_t b_, h_;
  Lengths lengths_;
};

}  // namespace attune::tuner::quantized
