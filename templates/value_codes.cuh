// V as 8-bit codes: channels are rows of the tile in shared memory, and a row has the tokens in the order that P has them in
// (fp8_value_position of generator/quantization_layout.hpp).
#pragma once

#include "cta.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "products.cuh"
#include "padded_rows.cuh"

using ValueCodeTile = Tile<ceil_div(v_columns, 16) * 16, config::block_n>;

class ValueCodes {
 public:
  __device__ ValueCodes(const KernelArguments& a, const Work& w)
      : a_(a),
        w_(w),
        base_(a.v_codes + (in_pages ? 0 : padded_key_row(a, w, 0)) * spec::head_dim_v),
        first_(w.v_part * v_columns) {}

  // Blocks of block_kv tokens lie one behind the other, each [head_dim_v][block_kv].
  __device__ void load(u32 shared, const KvTile& tile) const {
    constexpr int chunks = ValueCodeTile::chunks, block_chunks = quant::block_kv / 16;
    // A thread keeps its tokens and goes down in steps of the channels that all threads together cover, as in load_tile.
    constexpr int rows_at_once = threads / chunks, steps = ceil_div(ValueCodeTile::rows, rows_at_once);
    constexpr int part = steps_written_out(steps, rows_at_once);
    constexpr bool all_exist = spec::head_dim_v % ValueCodeTile::rows == 0;
    constexpr bool swizzle_is_constant = rows_at_once % 8 == 0 || 8 % rows_at_once == 0;
    const int first_row = static_cast<int>(threadIdx.x / chunks), chunk = static_cast<int>(threadIdx.x % chunks);
    if (threads % chunks != 0 && first_row >= rows_at_once) return;
    const int token_chunk = tile.begin / 16 + chunk;
    const bool inside = 16 * token_chunk < tile.end;
    i64 block = token_chunk / block_chunks;
    if constexpr (in_pages) block = block_in_pages(tile, 16 * token_chunk, inside);
    const char* source = base_ + block * (spec::head_dim_v * quant::block_kv) +
                         (first_ + first_row) * quant::block_kv + token_chunk % block_chunks * 16;
    const u32 place = ValueCodeTile::offset(first_row, chunk);
#pragma unroll 1
    for (int from = 0; from < steps; from += part) {
#pragma unroll
      for (int step = 0; step < part; ++step) {
        const int down = (from + step) * rows_at_once, row = first_row + down;
        if (ValueCodeTile::rows % (part * rows_at_once) != 0 && row >= ValueCodeTile::rows) break;
        const bool exists = inside && (all_exist || (row < v_columns && first_ + row < spec::head_dim_v));
        const u32 target = swizzle_is_constant ? ValueCodeTile::moved(place, down) : ValueCodeTile::offset(row, chunk);
        copy_async_16_bytes(shared + target, source, exists ? 16 : 0);
        source += rows_at_once * quant::block_kv;
      }
    }
  }

  // Products of all keys of the tile and 16 channels at a time: body(d, step, b) with the fragments B of k step `step`,
  // {b[0], b[1]} for the first eight channels.
  template <class Begin, class Body, class End>
  static __device__ void multiply(u32 values, int window_keys, const Begin& begin, const Body& body, const End& end) {
    const auto place = place_of_two_b<ValueCodeTile>(values);
#pragma unroll
    for (int d = 0; d < ValueCodeTile::rows / 16; ++d) {
#pragma unroll
      for (int first = 0; first < config::block_n; first += window_keys) {
        begin(d);
#pragma unroll
        for (int step = first / 32; step < (first + window_keys) / 32; ++step) {
          u32 b[4];
          load_matrix_x4(b, place.at(16 * d, 2 * step));
          body(d, step, b);
        }
        end(d);
      }
    }
  }

  // The accumulators of channels 16 * d to 16 * d + 15: body(fragment of rows, 8-column tile of the two).
  template <class Body>
  static __device__ void for_each(int d, const Body& body) {
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        if (2 * d + n < v_columns / 8) body(i, n);
      }
    }
  }

 private:
  static constexpr bool in_pages = quant::given_v && spec::page_size > 0;

  // The block of the pool that a token of the tile is in; any where it is not `inside` the tile.
  __device__ i64 block_in_pages(const KvTile& tile, int token, bool inside) const {
    const int known = tiles_cross_pages && inside ? token : tile.begin;
    return (code_key_row<true>(a_, w_, known) + token - known) / quant::block_kv;
  }

  const KernelArguments& a_;
  const Work& w_;
  const char* base_;
  int first_;
};
