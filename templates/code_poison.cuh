// NaN and infinity behind codes: the generator puts code_poison_flags.cuh here when something is quantized.
#pragma once

#include "kernel_arguments.cuh"
#include "work.cuh"

// Without codes, NaN and infinity are in the operands themselves.
struct CodePoison {
  static constexpr bool of_values = false, has_values = true;
  __device__ CodePoison(const KernelArguments&, const Work&) {}
  __device__ bool any() const { return false; }
  __device__ bool key(int) const { return false; }
  __device__ bool value(int) const { return false; }
};
