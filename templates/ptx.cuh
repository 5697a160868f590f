// One function for each PTX instruction that C++ has no name for. PTX ISA chapter 9, sections named at each group.
#pragma once

#include "types.cuh"

// The same number, but the compiler no longer knows which: what is computed from it is computed anew.
__device__ inline u32 forget(u32 x) {
  u32 same;
  asm volatile("mov.u32 %0, %1;" : "=r"(same) : "r"(x));
  return same;
}

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

// ---- Asynchronous copies to shared memory (9.7.9.25, cp.async) ----

// Copies 16 bytes, of which the first `source_bytes` come from global memory and the rest are zeros. Nothing is read where that
// is 0: `global` may then lie anywhere.
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
