// A tile in shared memory, row by row in chunks of 16 bytes.
//
// Chunk c of row r is stored in place c ^ x(r), where x takes the row's bits that matter to the banks: the eight rows that
// one ldmatrix phase reads then lie in eight different groups of four banks, for any number of chunks in a row and without
// padding. A row of c chunks moves the next one by c groups modulo 8; what is shared with 8 is made up for by the exclusive or.
#pragma once

#include "ptx.cuh"

template <int rows_, int row_bytes_>
struct Tile {
  static constexpr int rows = rows_, row_bytes = row_bytes_;
  static constexpr int chunks = row_bytes / 16;  // of one row
  static constexpr int bytes = rows * row_bytes;
  static constexpr int period = (chunks & -chunks) < 8 ? (chunks & -chunks) : 8;  // gcd(chunks, 8)
  static constexpr int shift = period == 8 ? 0 : period == 4 ? 1 : period == 2 ? 2 : 3;

  static __device__ u32 offset(int row, int chunk) {
    return static_cast<u32>(row * chunks + (chunk ^ (row >> shift & (period - 1)))) * 16;
  }
  // offset(row + down, chunk) from offset(row, chunk), where `row` and `down` have no bit below 8 in common.
  static __device__ u32 moved(u32 offset, int down) {
    return (offset ^ static_cast<u32>(down >> shift & (period - 1)) * 16) + static_cast<u32>(down * row_bytes);
  }
  // offset(row, chunk + right) from offset(row, chunk), where `chunk` and `right` have no bit in common.
  static __device__ u32 beside(u32 offset, int right) {
    return (offset ^ static_cast<u32>(right & (period - 1)) * 16) + static_cast<u32>(right & -period) * 16;
  }
};

// Where one lane finds its row of the fragments of a tile: `row`, less than 16, and `chunk`, 0 or 1, of the fragment that
// begins at row 0 and chunk 0. Formed once, so that every fragment costs an addition instead of a swizzle.
template <class Tile>
class FragmentPlace {
 public:
  __device__ FragmentPlace(u32 tile, int row, int chunk) : tile_(tile), first_(Tile::offset(row, chunk)) {}

  // Of the fragment `down` rows, a multiple of 16, below and `right` chunks, an even number, beside the first.
  __device__ u32 at(int down, int right) const {
    return Tile::beside(first_, right) + (tile_ + static_cast<u32>(down * Tile::row_bytes));
  }

 private:
  u32 tile_, first_;
};

// Of `steps` steps of `copies` copies each, how many steps are written out at a time: those of up to eight copies, or if they
// are more, those of four to eight if they are a part of the steps and begin where the swizzle does.
__host__ __device__ constexpr int steps_written_out(int steps, int rows_a_step, int copies = 1) {
  const int most = 8 / copies;
  if (steps <= most) return steps;
  for (int part = most; part >= (most + 1) / 2; --part) {
    if (steps % part == 0 && part * rows_a_step % 8 == 0) return part;
  }
  return most;
}

// How many neighbouring chunks of a row threads copy side by side: all, or a part that lets all threads together cover eight
// rows. Every further copy of a thread then lies a constant away, as the swizzle repeats after eight rows and eight chunks.
__host__ __device__ constexpr int chunks_side_by_side(int chunks, int threads) {
  const int part = threads / 8;
  return part < chunks && part % 8 == 0 && chunks % part == 0 ? part : chunks;
}

// Copies rows into a tile. Rows that do not exist, and bytes at and beyond `width`, become zeros, so that what lies past the
// end of a tensor is never read. Rows that start at multiples of 16 bytes are copied asynchronously, others by elements of
// 2 bytes. `rows` tells of row r of the tile: exists(r), start(r), where it starts in global memory, and stride_seq, the bytes
// to the next row if Rows::evenly_spaced.
template <class Tile, int width, int threads, class Rows>
__device__ inline void load_tile(u32 shared, const Rows& rows, bool aligned) {
  const int thread = static_cast<int>(threadIdx.x);
  if (!aligned) {
#pragma unroll 1
    for (int index = thread; index < Tile::rows * Tile::chunks; index += threads) {
      const int row = index / Tile::chunks, chunk = index % Tile::chunks;
      uint4 value = {0, 0, 0, 0};
      if (rows.exists(row) && chunk * 16 < width) {
        const u16* elements = reinterpret_cast<const u16*>(rows.start(row)) + chunk * 8;
        value.x = elements[0] | static_cast<u32>(elements[1]) << 16;
        value.y = elements[2] | static_cast<u32>(elements[3]) << 16;
        value.z = elements[4] | static_cast<u32>(elements[5]) << 16;
        value.w = elements[6] | static_cast<u32>(elements[7]) << 16;
      }
      store_shared_16_bytes(shared + Tile::offset(row, chunk), value);
    }
  } else if constexpr (Tile::chunks > threads) {
#pragma unroll 1
    for (int index = thread; index < Tile::rows * Tile::chunks; index += threads) {
      const int row = index / Tile::chunks, chunk = index % Tile::chunks;
      const bool exists = rows.exists(row) && chunk * 16 < width;
      const char* start = Rows::evenly_spaced || exists ? rows.start(row) : nullptr;
      copy_async_16_bytes(shared + Tile::offset(row, chunk), start + chunk * 16, exists ? 16 : 0);
    }
  } else {
    // A thread keeps its columns and goes down in steps of the rows that all threads together cover.
    constexpr int columns = chunks_side_by_side(Tile::chunks, threads), rows_at_once = threads / columns;
    const int first = static_cast<int>(threadIdx.x / columns), chunk = static_cast<int>(threadIdx.x % columns);
    if (threads % columns != 0 && first >= rows_at_once) return;
    const char* start = Rows::evenly_spaced ? rows.start(first) + chunk * 16 : nullptr;
    // Steps of 1, 2, 4 or whole eights of rows leave the swizzle of the first row but for constants.
    constexpr bool swizzle_is_constant = rows_at_once % 8 == 0 || 8 % rows_at_once == 0;
    constexpr int steps = ceil_div(Tile::rows, rows_at_once);
    constexpr int part = steps_written_out(steps, rows_at_once, Tile::chunks / columns);
    const u32 place = Tile::offset(first, chunk);
#pragma unroll 1
    for (int from = 0; from < steps; from += part) {
#pragma unroll
      for (int step = 0; step < part; ++step) {
        const int down = (from + step) * rows_at_once, row = first + down;
        if (Tile::rows % (part * rows_at_once) != 0 && row >= Tile::rows) break;
        const bool row_exists = rows.exists(row);
        if constexpr (!Rows::evenly_spaced) start = row_exists ? rows.start(row) + chunk * 16 : nullptr;
        const u32 target = swizzle_is_constant ? shared + Tile::moved(place, down) : shared + Tile::offset(row, chunk);
#pragma unroll
        for (int across = 0; across < Tile::chunks; across += columns) {
          const bool exists = row_exists && (Tile::row_bytes == width || (chunk + across) * 16 < width);
          copy_async_16_bytes(target + across * 16, start + across * 16, exists ? 16 : 0);
        }
        if constexpr (Rows::evenly_spaced) start += rows_at_once * rows.stride_seq;
      }
    }
  }
}
