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
};

// Copies rows into a tile. Rows that do not exist, and bytes at and beyond `width`, become zeros, so that what lies past the
// end of a tensor is never read. Rows that start at multiples of 16 bytes are copied asynchronously, others by elements of
// 2 bytes. `rows` tells of row r of the tile: exists(r), start(r), where it starts in global memory, and stride_seq, the bytes
// to the next row if Rows::evenly_spaced. `valid` is any address that may be named (never read) for what does not exist.
template <class Tile, int width, int threads, class Rows>
__device__ inline void load_tile(u32 shared, const Rows& rows, const void* valid, bool aligned) {
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
      copy_async_16_bytes(shared + Tile::offset(row, chunk), exists ? rows.start(row) + chunk * 16 : valid, exists ? 16 : 0);
    }
  } else {
    // A thread keeps its column and goes down in steps of the rows that all threads together cover.
    constexpr int rows_at_once = threads / Tile::chunks;
    const int first = thread / Tile::chunks, chunk = thread % Tile::chunks;
    if (threads % Tile::chunks != 0 && first >= rows_at_once) return;
    const bool inside = Tile::row_bytes == width || chunk * 16 < width;
    const char* start = Rows::evenly_spaced ? rows.start(first) + chunk * 16 : nullptr;
#pragma unroll
    for (int step = 0; step < ceil_div(Tile::rows, rows_at_once); ++step) {
      const int row = first + step * rows_at_once;
      if (Tile::rows % rows_at_once != 0 && row >= Tile::rows) break;
      const bool exists = inside && rows.exists(row);
      if constexpr (!Rows::evenly_spaced) start = exists ? rows.start(row) + chunk * 16 : nullptr;
      copy_async_16_bytes(shared + Tile::offset(row, chunk), exists ? start : valid, exists ? 16 : 0);
      if constexpr (Rows::evenly_spaced) start += rows_at_once * rows.stride_seq;
    }
  }
}
