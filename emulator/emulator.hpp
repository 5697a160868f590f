// The emulator's door: loads PTX text and runs a launch of one of its kernels on the CPU, functionally exact and checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace attune {
class ThreadPool;
}

namespace attune::emulator {

// Host memory that the kernel may touch. A global address in the emulated kernel *is* the host address. `name` appears in
// reports ("q", "workspace", ...). A read-only region that is written is an error.
struct MemoryRegion {
  std::byte* data = nullptr;
  int64_t size_bytes = 0;
  std::string name;
  bool writable = true;
};

// A parsed and decoded PTX module. Immutable: any number of threads may run it at the same time.
class Program;

// Parses and decodes a module: every instruction of it is known to the emulator, or the error names the instruction and its
// PTX line (Status::unsupported for an unknown instruction or modifier, Status::invalid_argument for malformed text).
Result<std::shared_ptr<const Program>> load(std::string_view ptx);

// What the module says of itself, for tools and for the device that wraps the emulator.
struct KernelParameter {
  int64_t offset_bytes = 0;  // in the parameter buffer, as cuLaunchKernel lays it out
  int64_t size_bytes = 0;
};
struct KernelFacts {
  std::string entry;
  int64_t parameter_bytes = 0;
  int64_t static_shared_bytes = 0;
  std::array<uint32_t, 3> required_block{};  // .reqntid, zeros when absent
  uint32_t max_threads = 0;                  // the product of .maxntid, 0 when absent
  std::vector<KernelParameter> parameters;
};
std::string_view target(const Program& program);  // "sm_80", "sm_90a", ...
std::vector<KernelFacts> kernels(const Program& program);

struct LaunchShape {
  std::string entry;
  std::array<uint32_t, 3> grid{1, 1, 1};
  std::array<uint32_t, 3> block{1, 1, 1};
  std::array<uint32_t, 3> cluster{1, 1, 1};
  int64_t dynamic_shared_bytes = 0;
};

struct Options {
  bool check_memory = true;               // bounds, alignment and writability; without it only global accesses are unchecked
  bool check_races = true;                // shared memory between warps of a CTA
  bool check_uninitialised = true;        // registers and shared-memory bytes that are read before they are written
  int64_t max_instructions_per_warp = 0;  // 0: 2^34; more ends with Status::timed_out
  bool fp8_short_accumulator = false;     // tensor cores of sm_89/sm_90 keep about 14 bits when they add fp8 products
};

// What a thread block executed, by class. One warp instruction counts once, whatever the number of its active lanes.
enum class InstructionClass : int {
  integer = 0,       // arithmetic, shifts, bit fields
  logic,             // and, or, lop3, predicates, selects, compares
  move,              // mov, cvta, special registers
  float32,           // f32 arithmetic
  float16,           // f16, bf16 and their packed forms
  float64,           //
  conversion,        // cvt
  special_function,  // ex2, rcp, sin, ...
  mma,               // mma.sync and wgmma
  matrix_load,       // ldmatrix, stmatrix, movmatrix
  shared_load,
  shared_store,
  global_load,
  global_store,
  other_memory,  // local, param, const
  atomic,
  async_copy,  // cp.async and bulk copies
  barrier,     // bar, mbarrier, fences
  warp,        // shfl, vote, redux, match, elect
  control,     // bra, call, ret, exit
  other,
  count
};
std::string_view name(InstructionClass kind);

struct Counters {
  std::array<int64_t, static_cast<size_t>(InstructionClass::count)> instructions{};  // warp instructions
  int64_t lane_instructions = 0;                                                     // summed over active lanes
  int64_t divergent_branches = 0;                                                    // branches that split a warp
  int64_t shared_wavefronts = 0;  // what shared-memory accesses cost, in passes over the 32 banks
  int64_t shared_conflicts = 0;   // wavefronts beyond what the same bytes need without bank conflicts
  int64_t shared_load_bytes = 0;
  int64_t shared_store_bytes = 0;
  int64_t global_load_sectors = 0;  // 32-byte sectors
  int64_t global_store_sectors = 0;
  int64_t global_load_bytes = 0;  // requested by lanes
  int64_t global_store_bytes = 0;
  int64_t async_copy_bytes = 0;  // global to shared, by cp.async and by bulk copies
  int64_t mma_flops_f16 = 0;     // multiply and add count as two; bf16 included
  int64_t mma_flops_tf32 = 0;
  int64_t mma_flops_f64 = 0;
  int64_t mma_ops_int = 0;  // s8, u8, s4, u4, b1
  int64_t mma_flops_fp8 = 0;
  int64_t mma_flops_fp4 = 0;  // fp4 and fp6 forms
  int64_t ctas = 0;
  int64_t warps = 0;

  int64_t& operator[](InstructionClass kind) { return instructions[static_cast<size_t>(kind)]; }
  int64_t operator[](InstructionClass kind) const { return instructions[static_cast<size_t>(kind)]; }
  int64_t total_instructions() const;
  void merge(const Counters& other);
  std::string to_json() const;  // one object; the keys are the names of the fields and classes
};

// Runs one launch to its end. `parameters` is the kernel-parameter buffer, each parameter at its PTX alignment as
// cuLaunchKernel lays it out. CTAs (or clusters) run in parallel on `pool`; null runs them on this thread. Thread-safe:
// launches of one program may overlap as long as their kernels do not write the same memory.
//
// Status::validation_failed: a checker found something; the message names what, the PTX line, the CTA, the warp and the
// lane. Status::timed_out: the instruction limit, or a deadlock. Status::invalid_argument: the launch does not fit the
// kernel.
Result<Counters> run(const Program& program, const LaunchShape& shape, std::span<const std::byte> parameters,
                     std::span<const MemoryRegion> regions, const Options& options = {}, ThreadPool* pool = nullptr);

}  // namespace attune::emulator
