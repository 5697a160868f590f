// What a GPU thread has and a CPU thread has not: its place in the grid, its warp, address spaces, a kernel's entry.
#pragma once

#include "generator/llvm/builder.hpp"
#include "generator/problem.hpp"

namespace attune::ir {

inline constexpr int64_t warp_lanes = 32;

// One lane a register: every thread is one. `arch` as the device names it ("sm_90a").
Target gpu_target(std::string_view arch);

// Opens the module's kernel and returns its only parameter: a struct of `parameter_bytes` by value, readable through
// Builder::at and load. Threads of a CTA are known to the compiler.
Value* begin_kernel(Builder& b, const std::string& name, int64_t parameter_bytes, int64_t threads);

// 64-bit numbers, so that addresses can be made of them.
Value* thread_index(Builder& b);  // along x
Value* block_index(Builder& b);   // along x

// A generic pointer to global memory, told to be one: loads through it need no look at the address.
Value* to_global(Builder& b, Value* pointer, const std::string& name);
// `bytes` of shared memory of the CTA, 16-byte aligned, uninitialised.
Value* shared_memory(Builder& b, const std::string& name, int64_t bytes);

// All of these need the whole warp.
Value* shuffle_xor(Builder& b, Value* value, int64_t lane_mask);    // fp32 of lane (own ^ lane_mask)
Value* shuffle_from(Builder& b, Value* value, Value* source_lane);  // fp32 of one lane, a 32-bit number
Value* ballot(Builder& b, Value* condition);                        // 32 bits: the lanes where it holds
void warp_barrier(Builder& b);                                      // orders the warp's accesses to shared memory
Value* warp_max(Builder& b, Value* value);                          // of fp32 without NaN, the same on all lanes
Value* warp_sum(Builder& b, Value* value);

// One element as fp32, and back with rounding to nearest even.
Value* load_element(Builder& b, DType dtype, Value* address, const std::string& name);
void store_element(Builder& b, DType dtype, Value* value, Value* address);
// The 16 bytes at a 16-byte aligned address: 4 or 8 elements as fp32.
Values load_elements(Builder& b, DType dtype, Value* address, const std::string& name);

}  // namespace attune::ir
