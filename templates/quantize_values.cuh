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

// Whether all elements of eights are finite: what is left of them once they went through.
__device__ inline u32 probe_elements(uint4 x, u32 probe) {
  return Element::probe(x.w, Element::probe(x.z, Element::probe(x.y, Element::probe(x.x, probe))));
}
__device__ inline bool finite_probe(u32 probe) { return Element::low_is_finite(probe) && Element::high_is_finite(probe); }

// An element that is finite, as it is quantized.
__device__ inline float smooth_value(float x, float mean) {
  if constexpr (!quant::v_mean) return x;
  const float value = __fsub_rn(x, mean);
  // Codes saturate, also where the difference of two huge numbers is no number any more.
  return safe ? fminf(fmaxf(value, -largest_float), largest_float) : value;
}

// Sets to 0 what is not finite of eight elements, and the bits of what is.
__device__ inline u32 drop_not_finite(uint4& x) {
  u32 finite = 0;
#pragma unroll 1
  for (int i = 0; i < 4; ++i) {
    u32 word = x.x;
    x.x = x.y, x.y = x.z, x.z = x.w;
    finite >>= 2;
    if (Element::low_is_finite(word)) {
      finite |= 0x40;
    } else {
      word &= 0xffff0000;
    }
    if (Element::high_is_finite(word)) {
      finite |= 0x80;
    } else {
      word &= 0xffff;
    }
    x.w = word;
  }
  return finite;
}

// ---- 8-bit codes ----

// A word of the tile is four tokens of one channel. A warp item is 32 tokens of 32 channels: a lane has 8 channels and 4
// tokens, whose places are neighbours.
struct TransposedTile {
  // 16 bytes of a channel stand where the lanes of a warp, which write to four channels 8 apart, meet no bank twice: of the
  // number of such a chunk, bits 1 and 2 are turned by channel / 8 % 4.
  static __device__ int chunk_place(int chunk) {
    constexpr int of_block = spec::head_dim_v * 4;
    const int block = chunk / of_block, inside = chunk % of_block;
    return (block * of_block + (inside ^ inside / 32 % 4 * 2)) * 16;
  }
};

// Where word `word` of channels 8 * vector to 8 * vector + 7 stands. Which of two neighbours comes first goes with `vector`.
struct TransposedWords {
  int even, odd;

  __device__ TransposedWords(int block, int vector, int word) {
    const int chunk = (block * spec::head_dim_v + vector * 8) * 4 + (word / 4 ^ vector % 2 * 2);
    const int begin = chunk * 16 + word % 4 * 4, swap = vector / 2 % 2 * 64;
    even = begin + swap;
    odd = begin - swap;
  }
  __device__ int place(int e) const { return (e % 2 == 0 ? even : odd) + e * 64; }
};

__device__ inline void transpose_item(const Rows& rows, int length, int item, int token_begin, int local_block,
                                      int poison_word, ValueShared& shared) {
  constexpr int channel_groups = ceil_div(ValueTiles::vectors, 4);
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  const int vector = item % channel_groups * 4 + lane % 4, half = item / channel_groups % 2;
  const int word = half * 8 + lane / 4;
  // fp8_value_position() turned round: places 4w to 4w + 3 of 16 hold tokens 2w, 2w + 1, 2w + 8, 2w + 9.
  const auto token_of = [first = word / 4 * 16 + word % 4 * 2](int i) { return first + i / 2 * 8 + i % 2; };
  const bool active = vector < ValueTiles::vectors;
  uint4 packed[4] = {};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int token = token_begin + token_of(i);
    if (active && token < length) packed[i] = rows.load(rows.row(token), vector);
  }
  // Elements that are there and finite, by their bits: 8 a token. Without a mean, zeros take the place of the others.
  u32 present = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (quant::v_mean && token_begin + token_of(i) < length) present |= 0xffu << 8 * i;
  }
  if constexpr (safe) {
    u32 probe = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) probe = probe_elements(packed[i], probe);
    if (!finite_probe(probe)) {
#pragma unroll 1
      for (int i = 0; i < 4; ++i) {
        uint4 one = packed[0];
        packed[0] = packed[1], packed[1] = packed[2], packed[2] = packed[3];
        if (!finite_probe(probe_elements(one, 0))) {
          const int local = token_of(i);
          atomicOr(shared.poison + poison_word + local / 32, 1u << local % 32);
          present &= drop_not_finite(one) << 8 * i | ~(0xffu << 8 * i);
        }
        packed[3] = one;
      }
    }
  }
  if (!active) return;
  float x[4][8], mean[8] = {}, factor[8];
#pragma unroll
  for (int i = 0; i < 4; ++i) unpack(packed[i], x[i]);
  if constexpr (quant::v_mean) shared.mean.read(vector, mean);
  shared.factor.read(vector, factor);
  const TransposedWords to(local_block, vector, word);
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    float value[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      value[i] = smooth_value(x[i][e], mean[e]);
      if (quant::v_mean && (present >> (8 * i + e) & 1) == 0) value[i] = 0;
    }
    *reinterpret_cast<u32*>(shared.tile + to.place(e)) = value_codes(value[0], value[1], value[2], value[3], factor[e]);
  }
}

__device__ inline void transpose_values(const KernelArguments& a, const Sequence& s, int begin, ValueShared& shared) {
  using Tiles = ValueTiles;
  const Rows rows = rows_of_values(a, s);
  const int warp = static_cast<int>(threadIdx.x / warp_lanes);
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
    u32 present = token < s.length ? 0xff : 0;  // as in transpose_item()
    if (safe && !finite_probe(probe_elements(packed, 0))) {
      atomicOr(shared.poison + local / 32, 1u << local % 32);
      present = drop_not_finite(packed);
    }
    float x[8], mean[8] = {}, factor[8];
    unpack(packed, x);
    if constexpr (quant::v_mean) shared.mean.read(vector, mean);
    if constexpr (safe) shared.factor.read(vector, factor);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      float value = smooth_value(x[e], mean[e]);
      if (quant::v_mean && (present >> e & 1) == 0) value = 0;
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
