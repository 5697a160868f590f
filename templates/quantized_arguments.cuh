// What the launches of a quantized plan are given, by value: QuantizedArguments of generator/families/quantized_arguments.hpp,
// field by field. Layouts stand there.
#pragma once

#include "arguments.cuh"

struct KernelArguments : Arguments {
  char* q_codes;
  float* q_scales;
  float* q_constants;
  float* q_sink_scores;
  float* q_means;
  float* delta_s;
  char* k_codes;
  float* k_scales;
  float* k_means;
  int* sink_keys;
  char* v_codes;
  float* v_scales;
  float* v_means;
  u32* k_poison;
  u32* v_poison;
  u32* poison;
  float* statistics;

  i64 q_rows, kv_rows;
  i64 q_groups, k_groups;
  i64 delta_stride;
  int chunks, chunk_keys;
};
