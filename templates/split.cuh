// Split KV: where the CTAs that share a row leave their sums, and the kernel that merges them by their LSE
// (Flash-Decoding). Row r = (batch, head, query) and split s: head_dim_v sums at [r][s], then m and l of every [r][s].
#pragma once

#include "epilogue.cuh"

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
