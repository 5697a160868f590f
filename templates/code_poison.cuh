// NaN and infinity behind codes: the generator puts code_poison_flags.cuh here when something is quantized.
#pragma once

#include "cta.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "work.cuh"

// Without codes, NaN and infinity are in the operands themselves.
struct CodePoison {
  __device__ CodePoison(const KernelArguments&, const Work&) {}
  __device__ void mark(const KvTile&, float (&)[key_tiles][4], float (&)[v_columns / 8][4], int) const {}
};
