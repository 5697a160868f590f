// Attune forward_mma version 1: attention forward by mma.sync.
// arch: sm_120a
// spec: forward_mma v1 sm_120a alibi=0 alignment=none causal=0 dtype=bf16 full_lists=1 group=1 head_dim_qk=64 head_dim_v=64 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 page_size=0 partial_lists=1 positive_scale=1 sinks=0 softcap=0 sparsity=csr varlen=0 window_left=0 window_right=0
// config: block_m=64 block_n=64 min_blocks=1 pack_gqa=0 peel=1 q_in_registers=0 qk_unroll=16 rescale_threshold=0 reverse=0 splits=1 stages=2 v_splits=1 warps=4

namespace spec {
constexpr int head_dim_qk = 64;
constexpr int head_dim_v = 64;
constexpr int group = 1;
constexpr int page_size = 0;
constexpr bool causal = false;
constexpr bool window_left = false;
constexpr bool window_right = false;
constexpr bool softcap = false;
constexpr bool alibi = false;
constexpr bool sinks = false;
constexpr bool lse = false;
constexpr bool kv_lengths = false;
constexpr bool varlen = false;
constexpr bool positive_scale = true;
constexpr bool mask_broadcast_kv = false;
constexpr bool mask_short = false;
constexpr bool bottom_right = false;
enum class Mask { none, boolean, fp32, fp16, bf16 };
constexpr Mask mask = Mask::none;
enum class Lists { none, padded, csr };
constexpr Lists lists = Lists::csr;
constexpr bool full_lists = true;
constexpr bool partial_lists = true;
}  // namespace spec

namespace config {
constexpr int block_m = 64;
constexpr int block_n = 64;
constexpr int warps = 4;
constexpr int stages = 2;
constexpr int splits = 1;
constexpr int v_splits = 1;
constexpr int rescale_threshold = 0;
constexpr int min_blocks = 1;
constexpr int qk_unroll = 16;
constexpr bool q_in_registers = false;
constexpr bool peel = true;
constexpr bool reverse = false;
constexpr bool pack_gqa = false;
constexpr int shared_bytes = 40960;
}  // namespace config

// Short names for the integers kernels count and address with, and the mathematics every kernel needs.

using u16 = unsigned short;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;

constexpr int warp_lanes = 32;
constexpr float infinity = __builtin_bit_cast(float, 0x7f800000);
constexpr float largest_float = 3.402823466e38f;
constexpr float log2_e = 1.4426950408889634f;
constexpr float ln_2 = 0.6931471805599453f;

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
__device__ inline int min_of(int a, int b) { return a < b ? a : b; }
__device__ inline int max_of(int a, int b) { return a > b ? a : b; }

// The elements of Q, K, V and O as bf16 (8-bit exponent, 7-bit mantissa): packing, and the matrix instruction that multiplies them.

struct Element {
  // Two values, rounded to nearest even; `low` stands at the lower address.
  static __device__ u32 pack(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
  }

  static __device__ float low(u32 packed) { return __uint_as_float(packed << 16); }
  static __device__ float high(u32 packed) { return __uint_as_float(packed & 0xffff0000); }

  static constexpr u32 exponent = 0x7f80;  // all ones: NaN or infinity
  static __device__ bool low_is_finite(u32 packed) { return (packed & exponent) != exponent; }
  static __device__ bool high_is_finite(u32 packed) { return (packed >> 16 & exponent) != exponent; }

  // 0 * x + sum for both halves: NaN for good once a NaN or an infinity went through.
  static __device__ u32 probe(u32 packed, u32 sum) {
    u32 result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(packed), "r"(0), "r"(sum));
    return result;
  }

  // d += a * b for a 16x16, b 16x8: row-major and column-major fragments (PTX ISA 9.7.14, mma.m16n8k16).
  static __device__ void multiply_add(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};

// What a kernel is launched with, by value: GpuArguments of generator/families/gpu_arguments.hpp, field by field.

struct Arguments {
  const char* q;
  const char* k;
  const char* v;
  char* o;
  float* lse;
  const char* mask;
  const float* sinks;
  const float* alibi_slopes;
  const int* cu_seqlens_q;
  const int* cu_seqlens_kv;
  const int* kv_lengths;
  const int* page_table;
  const int* full_counts;
  const int* full_indices;
  const int* partial_counts;
  const int* partial_indices;
  const i64* full_row_ptr;
  const i64* partial_row_ptr;
  float* partials;

  // In bytes, but for the last five: slopes, page table entries, list entries, and rows of lists.
  i64 q_stride_batch, q_stride_head, q_stride_seq;
  i64 k_stride_batch, k_stride_head, k_stride_seq;
  i64 v_stride_batch, v_stride_head, v_stride_seq;
  i64 o_stride_batch, o_stride_head, o_stride_seq;
  i64 lse_stride_batch, lse_stride_head;
  i64 mask_stride_batch, mask_stride_head, mask_stride_q;
  i64 alibi_stride_batch;
  i64 page_table_stride;
  i64 list_max_blocks;
  i64 list_stride_batch, list_stride_head;

  int batch, heads_q, heads_kv;
  int seqlen_q, seqlen_kv;
  int row_blocks;
  int splits;
  int window_left, window_right;
  int mask_seqlen_kv;
  int list_block_q, list_block_kv, list_q_blocks;
  int list_head_divisor;
  int list_sub_blocks;
  int aligned_q, aligned_k, aligned_v, aligned_o;

  float scale, scale_log2, softcap;
};

// What one CTA works on: a block of query rows of one head of one batch element, a part of its keys, a part of V's columns.

struct Work {
  int batch, head, kv_head;  // head: with packed GQA the first query head of the group
  int split, v_part;
  int q_length, kv_length;  // of this batch element
  i64 q_first, kv_first;    // varlen: rows before it in the packed tensors
  int shift;                // query i stands at position i + shift among the keys
  int row_begin, row_end;   // rows of this CTA; empty when there is nothing to do
  int list_q_block;         // block lists: the query block
};

// Rows are queries, or with packed GQA (query, head in the group) pairs, heads fastest.
__device__ inline int query_of(int row) { return config::pack_gqa ? row / spec::group : row; }
__device__ inline int group_head_of(int row) { return config::pack_gqa ? row % spec::group : 0; }

__device__ inline Work find_work(const Arguments& a) {
  Work w = {};
  u32 index = blockIdx.x;
  int row_block = static_cast<int>(index % static_cast<u32>(a.row_blocks));
  index /= static_cast<u32>(a.row_blocks);
  // Causal rows at the end see the most keys: begun first, they do not finish last and alone.
  if constexpr (config::reverse) row_block = a.row_blocks - 1 - row_block;
  if constexpr (config::v_splits > 1) {
    w.v_part = static_cast<int>(index % config::v_splits);
    index /= config::v_splits;
  }
  if constexpr (config::splits > 1) {
    w.split = static_cast<int>(index % config::splits);
    index /= config::splits;
  }
  const u32 heads = static_cast<u32>(config::pack_gqa ? a.heads_kv : a.heads_q);
  w.head = static_cast<int>(index % heads) * (config::pack_gqa ? spec::group : 1);
  w.kv_head = w.head / spec::group;
  w.batch = static_cast<int>(index / heads);

  w.q_length = a.seqlen_q;
  w.kv_length = a.seqlen_kv;
  if constexpr (spec::varlen) {
    w.q_first = a.cu_seqlens_q[w.batch];
    w.q_length = a.cu_seqlens_q[w.batch + 1] - static_cast<int>(w.q_first);
    if constexpr (spec::page_size == 0) {
      w.kv_first = a.cu_seqlens_kv[w.batch];
      w.kv_length = a.cu_seqlens_kv[w.batch + 1] - static_cast<int>(w.kv_first);
    }
  }
  if constexpr (spec::kv_lengths) w.kv_length = max_of(0, min_of(w.kv_length, a.kv_lengths[w.batch]));
  w.shift = spec::bottom_right ? w.kv_length - w.q_length : 0;

  if constexpr (spec::lists == spec::Lists::none) {
    w.row_begin = row_block * config::block_m;
    w.row_end = min_of(w.q_length * (config::pack_gqa ? spec::group : 1), w.row_begin + config::block_m);
  } else {
    // A CTA stays inside one query block, whose rows share their lists.
    w.list_q_block = row_block / a.list_sub_blocks;
    const int block_begin = w.list_q_block * a.list_block_q;
    w.row_begin = block_begin + row_block % a.list_sub_blocks * config::block_m;
    w.row_end = min_of(w.q_length, min_of(block_begin + a.list_block_q, w.row_begin + config::block_m));
  }
  return w;
}

// The keys that a query's position lets it see: [first, end), empty when end <= first. Masks and lists take more away.
struct KeyRange {
  int first, end;
};

__device__ inline KeyRange visible_keys(const Arguments& a, const Work& w, int query) {
  const int position = query + w.shift;
  KeyRange range = {0, w.kv_length};
  if constexpr (spec::window_left) range.first = max_of(0, position - a.window_left);
  if constexpr (spec::causal) range.end = min_of(range.end, position + 1);
  if constexpr (spec::window_right) range.end = min_of(range.end, position + a.window_right + 1);
  if constexpr (spec::mask_short) range.end = min_of(range.end, a.mask_seqlen_kv);
  return range;
}

// Where rows of Q, K, V and O lie in global memory.

// The query rows of a CTA.
struct QueryRows {
  const char* base;
  i64 stride_seq, stride_head;
  int begin, end;

  static constexpr bool evenly_spaced = !config::pack_gqa;
  __device__ bool exists(int row) const { return begin + row < end; }
  __device__ const char* start(int row) const {
    return base + query_of(begin + row) * stride_seq + group_head_of(begin + row) * stride_head;
  }
};

__device__ inline QueryRows query_rows(const Arguments& a, const Work& w) {
  return {a.q + w.batch * a.q_stride_batch + w.head * a.q_stride_head + w.q_first * a.q_stride_seq, a.q_stride_seq,
          a.q_stride_head, w.row_begin, w.row_end};
}

// Keys (or values) [begin, end) of one KV head: row r of a tile is key begin + r.
struct KeyRows {
  const char* base;
  i64 stride_seq, stride_page;
  const int* page_table;  // of this batch element
  int begin, end;

  static constexpr bool evenly_spaced = spec::page_size == 0;
  __device__ bool exists(int row) const { return begin + row < end; }
  __device__ const char* start(int row) const {
    const int key = begin + row;
    if constexpr (spec::page_size > 0) {
      constexpr int size = spec::page_size > 0 ? spec::page_size : 1;
      return base + page_table[key / size] * stride_page + key % size * stride_seq;
    }
    return base + key * stride_seq;
  }
};

__device__ inline KeyRows key_rows(const Arguments& a, const Work& w) {
  if constexpr (spec::page_size > 0) {
    return {a.k + w.kv_head * a.k_stride_head, a.k_stride_seq, a.k_stride_batch,
            a.page_table + w.batch * a.page_table_stride, 0, 0};
  }
  return {a.k + w.batch * a.k_stride_batch + w.kv_head * a.k_stride_head + w.kv_first * a.k_stride_seq, a.k_stride_seq, 0,
          nullptr, 0, 0};
}

// Starting at column `column` of V.
__device__ inline KeyRows value_rows(const Arguments& a, const Work& w, int column) {
  if constexpr (spec::page_size > 0) {
    return {a.v + w.kv_head * a.v_stride_head + column * 2, a.v_stride_seq, a.v_stride_batch,
            a.page_table + w.batch * a.page_table_stride, 0, 0};
  }
  return {a.v + w.batch * a.v_stride_batch + w.kv_head * a.v_stride_head + w.kv_first * a.v_stride_seq + column * 2,
          a.v_stride_seq, 0, nullptr, 0, 0};
}

// One function for each PTX instruction that C++ has no name for. PTX ISA chapter 9, sections named at each group.

// ---- Shared memory addresses: 32-bit, in the shared window ----

__device__ inline u32 shared_address(const void* pointer) { return static_cast<u32>(__cvta_generic_to_shared(pointer)); }

__device__ inline uint4 load_shared_16_bytes(u32 address) {
  uint4 value;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
               : "r"(address));
  return value;
}

__device__ inline void store_shared_16_bytes(u32 address, uint4 value) {
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(value.x), "r"(value.y), "r"(value.z),
               "r"(value.w)
               : "memory");
}

__device__ inline u32 load_shared_4_bytes(u32 address) {
  u32 value;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(value) : "r"(address));
  return value;
}

// ---- Asynchronous copies to shared memory (9.7.9.25, cp.async) ----

// Copies 16 bytes, of which the first `source_bytes` come from global memory and the rest are zeros.
__device__ inline void copy_async_16_bytes(u32 shared, const void* global, int source_bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(source_bytes) : "memory");
}

__device__ inline void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Returns when all but the `pending` latest groups of this thread are complete.
template <int pending>
__device__ inline void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// ---- Matrix fragments (9.7.14, ldmatrix) ----

// Four 8x8 matrices of 16-bit elements; lane 8*i + r gives the address of row r of matrix i.
__device__ inline void load_matrix_x4(u32 (&matrix)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
               : "r"(address));
}

__device__ inline void load_matrix_x4_transposed(u32 (&matrix)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
               : "r"(address));
}

// Two matrices; lanes 0 to 15 give the addresses.
__device__ inline void load_matrix_x2_transposed(u32& first, u32& second, u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(first), "=r"(second) : "r"(address));
}

// ---- Arithmetic ----

// 2^x within 2 ulp; 2^-inf is 0 (9.7.3.21, ex2).
__device__ inline float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// log2(x) within 2^-22 (9.7.3.20, lg2).
__device__ inline float log2_approximate(float x) {
  float y;
  asm("lg2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Online softmax (Milakov and Gimelshein, arXiv 1805.02867) of the rows of one warp, in units of log2.

// Over the four lanes that share a row of an accumulator.
__device__ inline float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffff, x, 2));
}
__device__ inline float quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffff, x, 1);
  return x + __shfl_xor_sync(0xffffffff, x, 2);
}

// m: the reference maximum, -infinity before the first visible key; l: this lane's part of the sum of exponentials.
struct SoftmaxRow {
  float m = -infinity, l = 0;
};

// Replaces the scores of one row in `s` (elements 2 * half and the next of each tile) by probabilities relative to row.m, and
// returns the factor for what was summed before. Scores are multiplied by `scale_log2` on the way, which is positive.
// The maximum may lag behind by `threshold`: probabilities then reach 2^threshold, and rows are rescaled less often
// (FlashAttention-4's conditional rescaling; results differ by rounding only).
template <int threshold, int tiles>
__device__ inline float softmax_step(SoftmaxRow& row, float (&s)[tiles][4], int half, float scale_log2) {
  float largest = -infinity;
#pragma unroll
  for (int n = 0; n < tiles; ++n) largest = fmaxf(largest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
  largest = quad_max(largest) * scale_log2;
  const float m_old = row.m;
  if (largest > m_old + threshold) row.m = largest;
  // A row without a visible key keeps m = -infinity; 0 in its place gives 2^-inf = 0 where inf - inf would be NaN.
  const float reference = row.m == -infinity ? 0.0f : row.m;
  const float decay = exp2_approximate(m_old - reference);
  float sum = 0;
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 2 * half; e < 2 * half + 2; ++e) {
      s[n][e] = exp2_approximate(fmaf(s[n][e], scale_log2, -reference));
      sum += s[n][e];
    }
  }
  row.l = row.l * decay + sum;
  return decay;
}

// From the sums of one warp's rows to O and LSE.

// A finished row: the factor of its sums, and its LSE. l is the whole sum; a row with l = 0 has no visible key.
struct RowResult {
  float factor, lse;
};

__device__ inline RowResult finish_row(const Arguments& a, float m, float l, int head) {
  if (l == 0) return {0, -infinity};  // also with a sink: it adds mass to the denominator, not a key
  if constexpr (spec::sinks) {
    // The larger of the two becomes the reference, so that neither exponential overflows.
    const float sink = a.sinks[head] * log2_e, reference = fmaxf(m, sink);
    const float decay = exp2_approximate(m - reference);
    l = l * decay + exp2_approximate(sink - reference);
    return {decay / l, (reference + log2_approximate(l)) * ln_2};
  }
  return {1.0f / l, (m + log2_approximate(l)) * ln_2};
}

__device__ inline float* lse_of(const Arguments& a, const Work& w, int query, int head) {
  char* row = reinterpret_cast<char*>(a.lse) + w.batch * a.lse_stride_batch + head * a.lse_stride_head;
  return reinterpret_cast<float*>(row) + w.q_first + query;
}

// Two neighbouring columns of O.
__device__ inline void store_pair(char* address, u32 pair, bool aligned) {
  if (aligned) {
    *reinterpret_cast<u32*>(address) = pair;
  } else {
    reinterpret_cast<u16*>(address)[0] = static_cast<u16>(pair);
    reinterpret_cast<u16*>(address)[1] = static_cast<u16>(pair >> 16);
  }
}

// Each lane of a quad holds, for four neighbouring 8-column tiles of one row, columns 2 * (lane % 4) and the next. Afterwards
// it holds the eight columns of tile lane % 4: 16 bytes, so that the quad stores 64 in a row instead of four times 16.
__device__ inline void transpose_quad(u32 (&pairs)[4]) {
  const bool odd = (threadIdx.x & 1) != 0, upper = (threadIdx.x & 2) != 0;
  // What stays and what goes is chosen by selects: an array indexed by a lane's number would live in memory.
  const u32 first = __shfl_xor_sync(0xffffffff, odd ? pairs[0] : pairs[1], 1);
  const u32 second = __shfl_xor_sync(0xffffffff, odd ? pairs[2] : pairs[3], 1);
  const u32 a = odd ? first : pairs[0], b = odd ? pairs[1] : first;
  const u32 c = odd ? second : pairs[2], d = odd ? pairs[3] : second;
  const u32 third = __shfl_xor_sync(0xffffffff, upper ? a : c, 2);
  const u32 fourth = __shfl_xor_sync(0xffffffff, upper ? b : d, 2);
  pairs[0] = upper ? third : a;
  pairs[1] = upper ? fourth : b;
  pairs[2] = upper ? c : third;
  pairs[3] = upper ? d : fourth;
}

// Stores one row's `tiles` tiles of O from column `first_column` on: elements 2 * half and the next of each accumulator, times
// `factor`. `row` is where the row starts. Every lane of the warp calls it; what does not exist is not stored.
template <int tiles>
__device__ inline void store_row(char* row, const float (&o)[tiles][4], int half, float factor, int first_column, bool exists,
                                 bool aligned) {
  const int quad = static_cast<int>(threadIdx.x) % 4;
  char* start = row + first_column * 2;
  const auto pair = [&](int n) { return Element::pack(o[n][2 * half] * factor, o[n][2 * half + 1] * factor); };
  const auto inside = [&](int n) { return exists && first_column + 8 * n < spec::head_dim_v; };
#pragma unroll
  for (int n = 0; n + 4 <= tiles; n += 4) {
    u32 pairs[4] = {pair(n), pair(n + 1), pair(n + 2), pair(n + 3)};
    if (aligned) {
      transpose_quad(pairs);
      if (inside(n + quad)) {
        *reinterpret_cast<uint4*>(start + 16 * (n + quad)) = {pairs[0], pairs[1], pairs[2], pairs[3]};
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (inside(n + i)) store_pair(start + 16 * (n + i) + 4 * quad, pairs[i], false);
      }
    }
  }
#pragma unroll
  for (int n = tiles / 4 * 4; n < tiles; ++n) {
    if (inside(n)) store_pair(start + 16 * n + 4 * quad, pair(n), aligned);
  }
}

// A tile of keys, as the iterators over dense ranges and block lists hand it out.

struct KvTile {
  int begin, end;  // keys; at most block_n
  bool full;       // of a list of full blocks: nothing but the end of the keys hides any
};

// The tiles of keys that a CTA visits: blocks named by lists, each cut into tiles of block_n keys.

class KvTiles {
 public:
  __device__ KvTiles(const Arguments& a, const Work& w)
      : block_kv_(a.list_block_kv), kv_length_(w.kv_length), block_end_(0), next_(0) {
    // Row of the lists: (batch, head, query block).
    const i64 outer = w.batch * a.list_stride_batch + w.head / a.list_head_divisor * a.list_stride_head;
    const i64 row = outer * a.list_q_blocks + w.list_q_block;
    if constexpr (spec::full_lists) full_ = find(a, a.full_counts, a.full_indices, a.full_row_ptr, row, outer);
    if constexpr (spec::partial_lists) {
      partial_ = find(a, a.partial_counts, a.partial_indices, a.partial_row_ptr, row, outer);
    }
  }

  // The next tile; false, and `tile` untouched, when there is none. The same in every thread of the CTA.
  __device__ bool next(KvTile& tile) {
    while (next_ >= block_end_) {
      List& list = full_.count > 0 ? full_ : partial_;
      if (list.count == 0) return false;
      in_full_ = full_.count > 0;
      --list.count;
      const i64 begin = static_cast<i64>(*list.next++) * block_kv_;
      if (begin >= kv_length_) continue;
      next_ = static_cast<int>(begin);
      block_end_ = static_cast<int>(begin + block_kv_ < kv_length_ ? begin + block_kv_ : kv_length_);
    }
    tile = {next_, min_of(block_end_, next_ + config::block_n), in_full_};
    next_ += config::block_n;
    return true;
  }

 private:
  struct List {
    const int* next = nullptr;
    i64 count = 0;
  };

  static __device__ List find(const Arguments& a, const int* counts, const int* indices, const i64* row_ptr, i64 row,
                              i64 outer) {
    // CSR rows of one (batch, head) have one pointer more than query blocks.
    if constexpr (spec::lists == spec::Lists::csr) {
      const i64* ends = row_ptr + row + outer;
      return {indices + ends[0], ends[1] - ends[0]};
    }
    return {indices + row * a.list_max_blocks, counts[row]};
  }

  List full_, partial_;
  int block_kv_, kv_length_, block_end_, next_;
  bool in_full_ = false;
};

// A tile of 16-bit elements in shared memory, row by row in chunks of 16 bytes.
//
// Chunk c of row r is stored in place c ^ x(r), where x takes the row's bits that matter to the banks: the eight rows that
// one ldmatrix phase reads then lie in eight different groups of four banks, for any number of chunks in a row and without
// padding. A row of c chunks moves the next one by c groups modulo 8; what is shared with 8 is made up for by the exclusive or.

template <int rows_, int columns_>
struct Tile {
  static constexpr int rows = rows_, columns = columns_;
  static constexpr int chunks = columns / 8;  // of one row
  static constexpr int bytes = rows * columns * 2;
  static constexpr int period = (chunks & -chunks) < 8 ? (chunks & -chunks) : 8;  // gcd(chunks, 8)
  static constexpr int shift = period == 8 ? 0 : period == 4 ? 1 : period == 2 ? 2 : 3;

  static __device__ u32 offset(int row, int chunk) {
    return static_cast<u32>(row * chunks + (chunk ^ (row >> shift & (period - 1)))) * 16;
  }
};

// Copies rows into a tile. Rows that do not exist, and columns at and beyond `width`, become zeros, so that what lies past the
// end of a tensor is never read. Rows that start at multiples of 16 bytes are copied asynchronously, others by element.
// `rows` tells of row r of the tile: exists(r), start(r), where it starts in global memory, and stride_seq, the bytes to the
// next row if Rows::evenly_spaced. `valid` is any address that may be named (never read) for what does not exist.
template <class Tile, int width, int threads, class Rows>
__device__ inline void load_tile(u32 shared, const Rows& rows, const void* valid, bool aligned) {
  const int thread = static_cast<int>(threadIdx.x);
  if (!aligned) {
#pragma unroll 1
    for (int index = thread; index < Tile::rows * Tile::chunks; index += threads) {
      const int row = index / Tile::chunks, chunk = index % Tile::chunks;
      uint4 value = {0, 0, 0, 0};
      if (rows.exists(row) && chunk * 8 < width) {
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
      const bool exists = rows.exists(row) && chunk * 8 < width;
      copy_async_16_bytes(shared + Tile::offset(row, chunk), exists ? rows.start(row) + chunk * 16 : valid, exists ? 16 : 0);
    }
  } else {
    // A thread keeps its column and goes down in steps of the rows that all threads together cover.
    constexpr int rows_at_once = threads / Tile::chunks;
    const int first = thread / Tile::chunks, chunk = thread % Tile::chunks;
    if (threads % Tile::chunks != 0 && first >= rows_at_once) return;
    const bool inside = Tile::columns == width || chunk * 8 < width;
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

// The two matrix products of attention on tiles in shared memory: S = Q K^T and O += P V, m16n8k16 at a time.
// Fragment layouts: PTX ISA 9.7.14, mma.m16n8k16 with 16-bit elements.

// The 16x16 block of A at (row, 16 * step) of a tile.
template <class Tile>
__device__ inline void load_a(u32 (&a)[4], u32 tile, int row, int step) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  load_matrix_x4(a, tile + Tile::offset(row + lane % 16, 2 * step + lane / 16));
}

// S = A K^T for `rows` = 16 * m_tiles query rows and the tile's keys. `a(i, step)` gives fragment i of A at a step along d.
template <class KTile, int m_tiles, class Fragment>
__device__ inline void multiply_keys(float (&s)[m_tiles][KTile::rows / 8][4], const Fragment& fragment, u32 keys) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
    for (int n = 0; n < KTile::rows / 8; ++n) s[i][n][0] = s[i][n][1] = s[i][n][2] = s[i][n][3] = 0;
  }
  // Written out whole, every step's swizzled addresses are registers that live through the kernel.
#pragma unroll (config::qk_unroll)
  for (int step = 0; step < KTile::columns / 16; ++step) {
    u32 a[m_tiles][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) fragment(a[i], i, step);
#pragma unroll
    for (int n = 0; n < KTile::rows / 16; ++n) {
      // Matrices: keys 0-7 and 8-15, each at d 0-7 and 8-15 of the step.
      u32 b[4];
      load_matrix_x4(b, keys + KTile::offset(16 * n + lane % 8 + lane / 16 * 8, 2 * step + lane / 8 % 2));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        Element::multiply_add(s[i][2 * n], a[i], b[0], b[1]);
        Element::multiply_add(s[i][2 * n + 1], a[i], b[2], b[3]);
      }
    }
  }
}

// O += P V. The accumulators of S are the fragments of A for the next product: only packing lies between the two.
template <class VTile, int m_tiles>
__device__ inline void multiply_values(float (&o)[m_tiles][VTile::columns / 8][4],
                                       const float (&p)[m_tiles][VTile::rows / 8][4], u32 values) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int step = 0; step < VTile::rows / 16; ++step) {
    u32 a[m_tiles][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
      const float(&left)[4] = p[i][2 * step];
      const float(&right)[4] = p[i][2 * step + 1];
      a[i][0] = Element::pack(left[0], left[1]);
      a[i][1] = Element::pack(left[2], left[3]);
      a[i][2] = Element::pack(right[0], right[1]);
      a[i][3] = Element::pack(right[2], right[3]);
    }
    const int key = 16 * step + lane % 16;
#pragma unroll
    for (int d = 0; d < VTile::columns / 16; ++d) {
      u32 b[4];
      load_matrix_x4_transposed(b, values + VTile::offset(key, 2 * d + lane / 16));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        Element::multiply_add(o[i][2 * d], a[i], b[0], b[1]);
        Element::multiply_add(o[i][2 * d + 1], a[i], b[2], b[3]);
      }
    }
    if constexpr (VTile::columns % 16 != 0) {
      constexpr int last = VTile::columns / 8 - 1;
      u32 b[2];
      load_matrix_x2_transposed(b[0], b[1], values + VTile::offset(key, last));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) Element::multiply_add(o[i][last], a[i], b[0], b[1]);
    }
  }
}

// NaN and infinity in V: a matrix product would carry them, as 0 * NaN, into rows that do not see their key.
//
// In tiles where some row does not see some key, V is probed. Only when something is found, what each row sees of it is added
// to O element by element, and the tile is cleaned for the product.

// Whether the tile holds NaN or infinity: the same answer in every thread. A barrier of the CTA.
template <class VTile, int threads>
__device__ inline bool holds_nonfinite(u32 values) {
  u32 sum = 0;
#pragma unroll
  for (int first = 0; first < VTile::bytes / 16; first += threads) {
    const int chunk = first + static_cast<int>(threadIdx.x);
    if (VTile::bytes / 16 % threads != 0 && chunk >= VTile::bytes / 16) break;
    const uint4 value = load_shared_16_bytes(values + static_cast<u32>(chunk) * 16);
    sum = Element::probe(value.x, sum);
    sum = Element::probe(value.y, sum);
    sum = Element::probe(value.z, sum);
    sum = Element::probe(value.w, sum);
  }
  // Zeros of either sign are fine.
  return __syncthreads_or((sum & 0x7fff7fff) != 0) != 0;
}

// Adds the tile's NaN and infinities to the rows of O that give their key a probability, and replaces them by zeros.
// Contains barriers of the CTA.
template <class VTile, int threads, int m_tiles>
__device__ inline void move_nonfinite(float (&o)[m_tiles][VTile::columns / 8][4],
                                      const float (&p)[m_tiles][VTile::rows / 8][4], u32 values) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int word = 0; word < ceil_div(VTile::rows, 32); ++word) {
        // Bit k: the row gives key 32 * word + k a probability (or NaN). Each lane of the quad knows two keys of eight.
        u32 seen = 0;
#pragma unroll
        for (int n = 4 * word; n < 4 * word + 4 && n < VTile::rows / 8; ++n) {
          const u32 pair = (p[i][n][2 * half] != 0 ? 1u : 0u) | (p[i][n][2 * half + 1] != 0 ? 2u : 0u);
          seen |= pair << (8 * (n % 4) + 2 * (lane % 4));
        }
        seen |= __shfl_xor_sync(0xffffffff, seen, 1);
        seen |= __shfl_xor_sync(0xffffffff, seen, 2);
#pragma unroll 1
        for (int k = 0; k < 32 && 32 * word + k < VTile::rows; ++k) {
          if ((seen >> k & 1) == 0) continue;
#pragma unroll
          for (int n = 0; n < VTile::columns / 8; ++n) {
            const u32 pair = load_shared_4_bytes(values + VTile::offset(32 * word + k, n) + lane % 4 * 4);
            if (!Element::low_is_finite(pair)) o[i][n][2 * half] += Element::low(pair);
            if (!Element::high_is_finite(pair)) o[i][n][2 * half + 1] += Element::high(pair);
          }
        }
      }
    }
  }
  __syncthreads();
#pragma unroll 1
  for (int chunk = static_cast<int>(threadIdx.x); chunk < VTile::bytes / 16; chunk += threads) {
    const u32 address = values + static_cast<u32>(chunk) * 16;
    uint4 value = load_shared_16_bytes(address);
    u32* words[4] = {&value.x, &value.y, &value.z, &value.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (!Element::low_is_finite(*words[i])) *words[i] &= 0xffff0000;
      if (!Element::high_is_finite(*words[i])) *words[i] &= 0x0000ffff;
    }
    store_shared_16_bytes(address, value);
  }
  __syncthreads();
}

// From products of Q and K to scores in units of log2: scale, softcap, ALiBi and additive mask, then what hides keys.
// Accumulator layout of m16n8 (PTX ISA 9.7.14): lane l holds rows l / 4 and l / 4 + 8, columns 2 * (l % 4) and the next.

// Scores need more than one multiplication by scale_log2, which the softmax can fuse into its exponent.
constexpr bool scores_are_modified =
    spec::softcap || spec::alibi || spec::mask == spec::Mask::fp32 || spec::mask == spec::Mask::fp16 ||
    spec::mask == spec::Mask::bf16 || !spec::positive_scale;

// What one thread knows of one of its query rows.
struct ScoreRow {
  KeyRange keys;     // visible by position
  int position;      // among the keys
  float slope;       // ALiBi
  const char* mask;  // first entry of its row of the mask
};

__device__ inline ScoreRow score_row(const Arguments& a, const Work& w, int row) {
  // A row past the end is computed, on zeros, and never stored: it borrows the last row's addresses.
  const bool exists = w.row_begin + row < w.row_end;
  const int index = exists ? w.row_begin + row : w.row_end - 1;
  const int query = query_of(index), head = w.head + group_head_of(index);
  ScoreRow r = {};
  r.keys = visible_keys(a, w, query);
  if (!exists) r.keys.end = 0;
  r.position = query + w.shift;
  if constexpr (spec::alibi) r.slope = a.alibi_slopes[w.batch * a.alibi_stride_batch + head];
  if constexpr (spec::mask != spec::Mask::none) {
    r.mask = a.mask + w.batch * a.mask_stride_batch + head * a.mask_stride_head + query * a.mask_stride_q;
  }
  return r;
}

// The additive mask's entry for a key; boolean: 0 or -infinity.
__device__ inline float mask_value(const ScoreRow& row, int key) {
  const int column = spec::mask_broadcast_kv ? 0 : key;
  if constexpr (spec::mask == spec::Mask::boolean) return row.mask[column] != 0 ? 0.0f : -infinity;
  if constexpr (spec::mask == spec::Mask::fp32) return reinterpret_cast<const float*>(row.mask)[column];
  if constexpr (spec::mask == spec::Mask::bf16) {
    return __uint_as_float(static_cast<u32>(reinterpret_cast<const u16*>(row.mask)[column]) << 16);
  }
  if constexpr (spec::mask == spec::Mask::fp16) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(reinterpret_cast<const u16*>(row.mask)[column]));
    return value;
  }
  return 0;
}

// tanh from one exponential: 1 - 2 / (1 + e^(2x)), within 2e-7 of the truth for every x, infinities included.
__device__ inline float tanh_of(float x) { return 1.0f - __fdividef(2.0f, 1.0f + exp2_approximate(2 * log2_e * x)); }

// hides: some row of the tile may not see some of its keys. Hidden keys get -infinity, whatever K holds there.
template <bool hides, int tiles>
__device__ inline void finish_scores(const Arguments& a, const ScoreRow& row, const KvTile& tile, float (&s)[tiles][4],
                                     int half) {
  const int column = tile.begin + static_cast<int>(threadIdx.x) % 4 * 2;
  // In lists of full blocks nothing but the end of the keys hides any.
  const bool by_position = spec::lists == spec::Lists::none || !tile.full;
  const int first = by_position ? row.keys.first : 0;
  const int end = by_position ? min_of(row.keys.end, tile.end) : tile.end;
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      float& score = s[n][2 * half + e];
      const int key = column + 8 * n + e;
      const bool in_range = !hides || (key >= first && key < end);
      float bias = 0;
      if constexpr (hides && spec::mask != spec::Mask::none) {
        if (in_range && by_position) bias = mask_value(row, key);
      }
      if constexpr (scores_are_modified) {
        score *= a.scale;
        if constexpr (spec::softcap) score = a.softcap * tanh_of(__fdividef(score, a.softcap));
        if constexpr (spec::alibi) score -= row.slope * fabsf(static_cast<float>(row.position - key));
        if constexpr (spec::mask != spec::Mask::none) score += bias;
        if constexpr (spec::mask == spec::Mask::fp32 || spec::mask == spec::Mask::bf16) {
          // A finite score stays finite in units of log2: masks hide with the lowest number, too, and it is not -infinity.
          const float in_log2 = score * log2_e;
          score = in_log2 < -largest_float && score > -infinity ? -largest_float : in_log2;
        } else {
          score *= log2_e;
        }
      }
      if constexpr (hides) {
        if (!in_range || bias == -infinity) score = -infinity;
      }
    }
  }
}

// Split KV: where the CTAs that share a row leave their sums, and the kernel that merges them by their LSE
// (Flash-Decoding). Row r = (batch, head, query) and split s: head_dim_v sums at [r][s], then m and l of every [r][s].

__device__ inline i64 partial_rows(const Arguments& a) { return static_cast<i64>(a.batch) * a.heads_q * a.seqlen_q; }

__device__ inline i64 partial_row(const Arguments& a, int batch, int head, int query) {
  return (static_cast<i64>(batch) * a.heads_q + head) * a.seqlen_q + query;
}

__device__ inline float* partial_sums(const Arguments& a, i64 row, int split) {
  return a.partials + (row * config::splits + split) * spec::head_dim_v;
}

__device__ inline float* partial_state(const Arguments& a, i64 row, int split) {
  return a.partials + partial_rows(a) * config::splits * spec::head_dim_v + (row * config::splits + split) * 2;
}

// Attention forward with mma.sync (FlashAttention-2, arXiv 2307.08691): each warp owns rows of Q and all keys of a tile.

constexpr int threads = config::warps * warp_lanes;
constexpr int warp_rows = config::block_m / config::warps;
constexpr int m_tiles = warp_rows / 16;
constexpr int v_columns = ceil_div(ceil_div(spec::head_dim_v, config::v_splits), 8) * 8;  // of this CTA

using QTile = Tile<config::block_m, ceil_div(spec::head_dim_qk, 16) * 16>;
using KTile = Tile<config::block_n, QTile::columns>;
using VTile = Tile<config::block_n, v_columns>;
constexpr int key_tiles = config::block_n / 8;

// Shared memory: the ring of K tiles, the ring of V tiles, and Q. Q in registers is staged where the rings will be.
constexpr int v_ring = config::stages * KTile::bytes;
constexpr int ring_bytes = v_ring + config::stages * VTile::bytes;
constexpr int q_tile = config::q_in_registers ? 0 : ring_bytes;
constexpr int shared_bytes = config::q_in_registers ? (ring_bytes > QTile::bytes ? ring_bytes : QTile::bytes)
                                                    : ring_bytes + QTile::bytes;
static_assert(shared_bytes == config::shared_bytes, "the launch and the kernel disagree on shared memory");

class ForwardMma {
 public:
  __device__ ForwardMma(const Arguments& arguments, const Work& work, u32 shared)
      : a_(arguments),
        w_(work),
        shared_(shared),
        warp_row_(static_cast<int>(threadIdx.x) / warp_lanes * warp_rows),
        keys_(key_rows(arguments, work)),
        values_(value_rows(arguments, work, work.v_part * v_columns)) {}

  __device__ void run() {
    start();
    KvTiles current(a_, w_), ahead(a_, w_);
    if constexpr (config::stages == 1) {
      run_single_stage(current, ahead);
    } else {
      run_ring(current, ahead);
    }
    finish();
  }

 private:
  // Begins the copy of Q.
  __device__ void start() {
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int n = 0; n < v_columns / 8; ++n) o_[i][n][0] = o_[i][n][1] = o_[i][n][2] = o_[i][n][3] = 0;
    }
    first_query_ = visible_keys(a_, w_, query_of(w_.row_begin));
    last_query_ = visible_keys(a_, w_, query_of(w_.row_end - 1));

    load_tile<QTile, spec::head_dim_qk, threads>(shared_ + q_tile, query_rows(a_, w_), a_.q, a_.aligned_q != 0);
    if constexpr (config::q_in_registers) {
      copy_async_commit();
      copy_async_wait<0>();
      __syncthreads();
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
        for (int step = 0; step < QTile::columns / 16; ++step) {
          load_a<QTile>(q_[i][step], shared_ + q_tile, warp_row_ + 16 * i, step);
        }
      }
      __syncthreads();  // the rings may overwrite Q
    }
  }

  // One tile of K and V in shared memory. V arrives while S is computed, the next K while V is used.
  __device__ void run_single_stage(KvTiles& current, KvTiles& ahead) {
    KvTile tile, next;
    if (ahead.next(next)) load_keys(next, 0);
    copy_async_commit();
    while (current.next(tile)) {
      copy_async_wait<0>();
      __syncthreads();  // K is there, and every warp is done with the V before
      load_values(tile, 0);
      copy_async_commit();
      float s[m_tiles][key_tiles][4];
      multiply(s, 0);
      __syncthreads();  // every warp is done with K
      if (ahead.next(next)) load_keys(next, 0);
      copy_async_commit();
      const bool hides = needs_hiding(tile);
      softmax(s, tile, hides);
      copy_async_wait<1>();
      __syncthreads();  // V is there
      accumulate(s, 0, hides);
    }
  }

  // Rings of `stages` tiles: copies run stages - 1 tiles ahead, one barrier a tile.
  __device__ void run_ring(KvTiles& current, KvTiles& ahead) {
    KvTile tile, next;
#pragma unroll
    for (int stage = 0; stage < config::stages - 1; ++stage) {
      if (ahead.next(next)) {
        load_keys(next, stage);
        load_values(next, stage);
      }
      copy_async_commit();
    }
    int stage = 0;
    while (current.next(tile)) {
      copy_async_wait<(config::stages >= 2 ? config::stages - 2 : 0)>();
      __syncthreads();  // this tile is there, and every warp is done with the one before, whose place is filled next
      const int free = stage == 0 ? config::stages - 1 : stage - 1;
      if (ahead.next(next)) {
        load_keys(next, free);
        load_values(next, free);
      }
      copy_async_commit();
      float s[m_tiles][key_tiles][4];
      multiply(s, stage);
      const bool hides = needs_hiding(tile);
      softmax(s, tile, hides);
      accumulate(s, stage, hides);
      stage = stage + 1 == config::stages ? 0 : stage + 1;
    }
  }

  __device__ void load_keys(const KvTile& tile, int stage) {
    keys_.begin = tile.begin;
    keys_.end = tile.end;
    load_tile<KTile, spec::head_dim_qk, threads>(shared_ + stage * KTile::bytes, keys_, a_.k, a_.aligned_k != 0);
  }

  __device__ void load_values(const KvTile& tile, int stage) {
    values_.begin = tile.begin;
    values_.end = tile.end;
    if constexpr (spec::head_dim_v % v_columns == 0) {
      load_tile<VTile, v_columns, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    } else if (w_.v_part < config::v_splits - 1) {
      load_tile<VTile, v_columns, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    } else {
      constexpr int rest = spec::head_dim_v - (config::v_splits - 1) * v_columns;
      load_tile<VTile, rest, threads>(shared_ + v_ring + stage * VTile::bytes, values_, a_.v, a_.aligned_v != 0);
    }
  }

  __device__ void multiply(float (&s)[m_tiles][key_tiles][4], int stage) {
    multiply_keys<KTile, m_tiles>(
        s,
        [&](u32(&fragment)[4], int i, int step) {
          if constexpr (config::q_in_registers) {
#pragma unroll
            for (int r = 0; r < 4; ++r) fragment[r] = q_[i][step][r];
          } else {
            load_a<QTile>(fragment, shared_ + q_tile, warp_row_ + 16 * i, step);
          }
        },
        shared_ + stage * KTile::bytes);
  }

  // Whether some row of this CTA does not see some place of the tile. The same in every thread.
  __device__ bool needs_hiding(const KvTile& tile) const {
    if constexpr (!config::peel) return true;
    if (tile.end - tile.begin < config::block_n) return true;
    if (spec::lists != spec::Lists::none && tile.full) return false;
    if constexpr (spec::mask != spec::Mask::none) return true;
    return tile.begin < last_query_.first || tile.end > first_query_.end;
  }

  __device__ void softmax(float (&s)[m_tiles][key_tiles][4], const KvTile& tile, bool hides) {
    const float scale = scores_are_modified ? 1.0f : a_.scale_log2;
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        // Formed anew for every tile: kept, the rows of a warp take registers that O needs.
        const ScoreRow row = score_row(a_, w_, row_of(i, half));
        if (hides) {
          finish_scores<true>(a_, row, tile, s[i], half);
        } else if constexpr (config::peel) {
          finish_scores<false>(a_, row, tile, s[i], half);
        }
        const float decay = softmax_step<config::rescale_threshold>(state_[2 * i + half], s[i], half, scale);
        if (__any_sync(0xffffffff, decay != 1)) {
#pragma unroll
          for (int n = 0; n < v_columns / 8; ++n) {
            o_[i][n][2 * half] *= decay;
            o_[i][n][2 * half + 1] *= decay;
          }
        }
      }
    }
  }

  __device__ void accumulate(const float (&p)[m_tiles][key_tiles][4], int stage, bool hides) {
    const u32 values = shared_ + v_ring + stage * VTile::bytes;
    if (hides && holds_nonfinite<VTile, threads>(values)) move_nonfinite<VTile, threads, m_tiles>(o_, p, values);
    multiply_values<VTile, m_tiles>(o_, p, values);
  }

  __device__ void finish() {
    const int quad = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        SoftmaxRow& state = state_[2 * i + half];
        state.l = quad_sum(state.l);
        // A row past the end borrows the last row's addresses and stores nothing.
        const bool exists = w_.row_begin + row_of(i, half) < w_.row_end;
        const int index = exists ? w_.row_begin + row_of(i, half) : w_.row_end - 1;
        const int query = query_of(index), head = w_.head + group_head_of(index);
        if constexpr (config::splits > 1) {
          if (exists) store_partial(i, half, query, head);
        } else {
          const RowResult result = finish_row(a_, state.m, state.l, head);
          char* row = a_.o + w_.batch * a_.o_stride_batch + head * a_.o_stride_head + (w_.q_first + query) * a_.o_stride_seq;
          store_row(row, o_[i], half, result.factor, w_.v_part * v_columns, exists, a_.aligned_o != 0);
          if (spec::lse && exists && w_.v_part == 0 && quad == 0) *lse_of(a_, w_, query, head) = result.lse;
        }
      }
    }
  }

  __device__ void store_partial(int i, int half, int query, int head) {
    const int quad = static_cast<int>(threadIdx.x) % 4, first_column = w_.v_part * v_columns;
    const i64 row = partial_row(a_, w_.batch, head, query);
    float* sums = partial_sums(a_, row, w_.split) + first_column + 2 * quad;
#pragma unroll
    for (int n = 0; n < v_columns / 8; ++n) {
      if (first_column + 8 * n >= spec::head_dim_v) break;
      *reinterpret_cast<float2*>(sums + 8 * n) = {o_[i][n][2 * half], o_[i][n][2 * half + 1]};
    }
    const SoftmaxRow& state = state_[2 * i + half];
    if (w_.v_part == 0 && quad == 0) *reinterpret_cast<float2*>(partial_state(a_, row, w_.split)) = {state.m, state.l};
  }

  // Row of the CTA that this thread holds in fragment i: its upper or lower half.
  __device__ int row_of(int i, int half) const {
    return warp_row_ + 16 * i + 8 * half + static_cast<int>(threadIdx.x) % warp_lanes / 4;
  }

  const Arguments& a_;
  const Work& w_;
  u32 shared_;
  int warp_row_;
  KeyRows keys_, values_;
  KeyRange first_query_, last_query_;  // what the first and the last row of the CTA see
  SoftmaxRow state_[2 * m_tiles];
  float o_[m_tiles][v_columns / 8][4];
  u32 q_[config::q_in_registers ? m_tiles : 1][config::q_in_registers ? QTile::columns / 16 : 1][4];
};

extern "C" __global__ void __launch_bounds__(threads, config::min_blocks)
    attune_forward(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(16) char shared[];
  const Work work = find_work(arguments);
  if (work.row_begin >= work.row_end) return;
  ForwardMma(arguments, work, shared_address(shared)).run();
}
