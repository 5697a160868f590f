// V as the attention kernel multiplies it: 8-bit codes, transposed and in the order of an A fragment's k
// (fp8_value_position() of generator/quantization_layout.hpp), or fp16 for fp16 sums.
#pragma once

#include "quantize_codes.cuh"
#include "statistics.cuh"

namespace quantizer {

struct ValueTiles {
  static constexpr int columns = spec::head_dim_v, vectors = columns / 8, tokens = quant::block_kv;
  static constexpr bool transposed = quant::pv != quant::Pv::input;
  // Blocks of tokens of a CTA, and those that stand in shared memory at a time.
  static constexpr int blocks = 4, at_once = columns > 128 ? 1 : columns > 64 ? 2 : 4;
  static_assert(tokens == 64, "a block of V is 64 tokens");
};

struct ValueShared {
  alignas(16) char tile[ValueTiles::transposed ? ValueTiles::at_once * ValueTiles::columns * ValueTiles::tokens : 16];
  Channels<spec::head_dim_v> mean, factor;
  u32 poison[ValueTiles::blocks * ValueTiles::tokens / 32];
};

// The power of two by which fp16 sums of `keys` products of P <= 1 stay finite.
__device__ inline float scale_for_f16_sums(float amax, int keys) {
  const float limit = __fdiv_rn(65504.0f, static_cast<float>(keys));
  float scale = 1;
  while (__fdiv_rn(amax, scale) > limit) scale *= 2;
  return scale;
}

// Mean and scale of each channel, to shared memory and, by the first CTA of a sequence, to memory.
__device__ inline void scale_channels(const KernelArguments& a, const Sequence& s, bool first, ValueShared& shared) {
  const int chunks = ceil_div(s.length, a.chunk_keys);
  const i64 place = (static_cast<i64>(s.batch) * a.heads_kv + s.head) * spec::head_dim_v;
  const float unit = unit_of(max_of(s.length, 1));
#pragma unroll 1
  for (int c = static_cast<int>(threadIdx.x); c < spec::head_dim_v; c += threads) {
    Sum sum;
    int count = 0;
    float least = infinity, largest = -infinity;
#pragma unroll 2
    for (int chunk = 0; chunk < chunks; ++chunk) {
      const Record record = record_of(a, s, chunk);
      if constexpr (value_sums) {
        sum.add(record.value(Record::sum, c));
        count += static_cast<int>(record.value(Record::count, c));
      }
      if constexpr (value_extremes) {
        least = fminf(least, record.value(Record::least, c));
        largest = fmaxf(largest, record.value(Record::largest, c));
      }
    }
    const float mean = value_sums ? mean_of(sum, static_cast<float>(count), unit) : 0.0f;
    const float amax = value_extremes ? largest_difference(least, largest, mean) : 0.0f;
    GroupScale scale = {1, 1};
    if constexpr (quant::pv != quant::Pv::input) {
      scale = value_scale(amax);
    } else if constexpr (safe) {
      scale.scale = scale_for_f16_sums(amax, quant::flush_keys > 0 ? quant::flush_keys : max_of(s.length, 1));
      scale.factor = __fdiv_rn(1.0f, scale.scale);  // of a power of two: exact
    }
    shared.mean[c] = mean;
    shared.factor[c] = scale.factor;
    if (!first) continue;
    a.v_scales[place + c] = scale.scale;
    if constexpr (quant::v_mean) a.v_means[place + c] = mean;
  }
}

// Whether all elements of eight are finite.
__device__ inline bool are_finite(uint4 x) {
  u32 probe = Element::probe(x.w, Element::probe(x.z, Element::probe(x.y, Element::probe(x.x, 0))));
  return Element::low_is_finite(probe) && Element::high_is_finite(probe);
}

__device__ inline float smooth_value(float x, float mean) {
  if (safe && !is_finite(x)) return 0;
  if constexpr (!quant::v_mean) return x;
  const float value = __fsub_rn(x, mean);
  // Codes saturate, also where the difference of two huge numbers is no number any more.
  return safe ? fminf(fmaxf(value, -largest_float), largest_float) : value;
}

// ---- 8-bit codes ----

// A word of the tile is four tokens of one channel. A warp item is 32 tokens of 32 channels: a lane has 8 channels and 4
// tokens, whose places are neighbours.
struct TransposedTile {
  // 16 bytes of a channel stand where the lanes of a warp, which write to four channels 8 apart, meet no bank twice.
  static __device__ int place(int block, int channel, int word) {
    const int chunk = channel * 4 + word / 4;
    return (block * spec::head_dim_v * 4 + (chunk ^ channel / 8 % 4 * 2)) * 16 + word % 4 * 4;
  }
  static __device__ int chunk_place(int chunk) {
    constexpr int of_block = spec::head_dim_v * 4;
    const int block = chunk / of_block, inside = chunk % of_block;
    return (block * of_block + (inside ^ inside / 32 % 4 * 2)) * 16;
  }
};

__device__ inline void transpose_item(const Rows& rows, int length, int item, int token_begin, int local_block,
                                      int poison_word, ValueShared& shared) {
  constexpr int channel_groups = ceil_div(ValueTiles::vectors, 4);
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  const int vector = item % channel_groups * 4 + lane % 4, half = item / channel_groups % 2;
  const int word = half * 8 + lane / 4;
  // fp8_value_position() turned round: places 4w to 4w + 3 of 16 hold tokens 2w, 2w + 1, 2w + 8, 2w + 9.
  const int first = word / 4 * 16 + word % 4 * 2;
  const bool active = vector < ValueTiles::vectors;
  uint4 packed[4] = {};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int token = token_begin + first + i / 2 * 8 + i % 2;
    if (active && token < length) packed[i] = rows.load(rows.row(token), vector);
  }
  float x[4][8];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int local = first + i / 2 * 8 + i % 2;
    unpack(packed[i], x[i]);
    if (safe && !are_finite(packed[i])) atomicOr(shared.poison + poison_word + local / 32, 1u << local % 32);
  }
  if (!active) return;
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    const int channel = vector * 8 + e;
    const float mean = quant::v_mean ? shared.mean[channel] : 0.0f, factor = shared.factor[channel];
    float value[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const bool exists = token_begin + first + i / 2 * 8 + i % 2 < length;
      value[i] = exists ? smooth_value(x[i][e], mean) : 0.0f;
    }
    u32 codes = value_codes(value[0], value[1], value[2], value[3], factor);
    *reinterpret_cast<u32*>(shared.tile + TransposedTile::place(local_block, channel, word)) = codes;
  }
}

__device__ inline void transpose_values(const KernelArguments& a, const Sequence& s, int begin, ValueShared& shared) {
  using Tiles = ValueTiles;
  const Rows rows = rows_of_values(a, s);
  const int warp = static_cast<int>(threadIdx.x) / warp_lanes;
  constexpr int items_of_block = ceil_div(Tiles::vectors, 4) * 2, chunks_of_block = Tiles::columns * 4;
#pragma unroll 1
  for (int first = 0; first < Tiles::blocks; first += Tiles::at_once) {
    const int left = ceil_div(s.length - begin, Tiles::tokens) - first;
    if (left <= 0) break;
    const int blocks = min_of(left, Tiles::at_once);
#pragma unroll 1
    for (int item = warp; item < blocks * items_of_block; item += threads / warp_lanes) {
      const int block = item / items_of_block;
      transpose_item(rows, s.length, item % items_of_block, begin + (first + block) * Tiles::tokens, block,
                     (first + block) * Tiles::tokens / 32, shared);
    }
    __syncthreads();
    char* codes = a.v_codes + (s.padded + begin + first * Tiles::tokens) * Tiles::columns;
#pragma unroll 2
    for (int chunk = static_cast<int>(threadIdx.x); chunk < blocks * chunks_of_block; chunk += threads) {
      *reinterpret_cast<uint4*>(codes + chunk * 16) =
          *reinterpret_cast<const uint4*>(shared.tile + TransposedTile::chunk_place(chunk));
    }
    __syncthreads();
  }
}

// ---- fp16 ----

__device__ inline void convert_values(const KernelArguments& a, const Sequence& s, int begin, ValueShared& shared) {
  using Tiles = ValueTiles;
  const Rows rows = rows_of_values(a, s);
  const int end = min_of(begin + Tiles::blocks * Tiles::tokens, ceil_div(s.length, Tiles::tokens) * Tiles::tokens);
  char* values = a.v_codes + s.padded * Tiles::columns * 2;
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < (end - begin) * Tiles::vectors; i += threads) {
    const int local = i / Tiles::vectors, token = begin + local, vector = i % Tiles::vectors;
    uint4 packed = {};
    if (token < s.length) packed = rows.load(rows.row(token), vector);
    float x[8];
    unpack(packed, x);
    if (safe && !are_finite(packed)) atomicOr(shared.poison + local / 32, 1u << local % 32);
    float mean[8], factor[8];
    shared.mean.read(vector, mean);
    shared.factor.read(vector, factor);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const float value = token < s.length ? smooth_value(x[e], mean[e]) : 0.0f;
      x[e] = safe ? __fmul_rn(value, factor[e]) : value;
    }
    *reinterpret_cast<uint4*>(values + (static_cast<i64>(token) * Tiles::vectors + vector) * 16) = {
        pack_f16(x[0], x[1]), pack_f16(x[2], x[3]), pack_f16(x[4], x[5]), pack_f16(x[6], x[7])};
  }
  __syncthreads();
}

// `begin`: the first token of the CTA.
__device__ inline void quantize_values(const KernelArguments& a, const Sequence& s, int begin, ValueShared& shared) {
  constexpr int tokens_of_cta = ValueTiles::blocks * ValueTiles::tokens;
  const int thread = static_cast<int>(threadIdx.x);
  scale_channels(a, s, begin == 0, shared);
  if (thread < tokens_of_cta / 32) shared.poison[thread] = 0;
  __syncthreads();
  if constexpr (ValueTiles::transposed) {
    transpose_values(a, s, begin, shared);
  } else {
    convert_values(a, s, begin, shared);
  }
  const int words = (ceil_div(s.length, ValueTiles::tokens) * ValueTiles::tokens - begin) / 32;
  if (thread < min_of(words, tokens_of_cta / 32)) {
    const u32 bits = shared.poison[thread];
    a.v_poison[(s.padded + begin) / 32 + thread] = bits;
    if (bits != 0) atomicOr(a.poison + s.batch * a.heads_kv + s.head, 1u);
  }
}

}  // namespace quantizer
