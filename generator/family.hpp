// A family: a kind of kernel the generator can emit. Pure functions of their arguments: no device, no file, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/quantization_layout.hpp"
#include "generator/space.hpp"
#include "generator/tensors.hpp"
#include "generator/values.hpp"

namespace attune {

// What a family may know of a device: facts, never an ordinal. `arch` names the instruction set a kernel is emitted for.
struct DeviceClass {
  std::string kind;           // "cpu", "cuda", "emulated"
  std::string name;           // marketing name, as the device reports it
  std::string arch;           // "x86-64-avx512bf16", "x86-64-avx512", "x86-64-avx2", "portable", "sm_90a", ...
  int64_t compute_units = 1;  // cores this process may use, or SMs
  int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0, memory_bytes = 0;
  int64_t shared_bytes = 0;  // GPUs: largest shared memory of one CTA, static and dynamic together
  int64_t driver_major = 0;
  std::string id() const;  // hash of the canonical JSON
  std::string to_json() const;
};

enum class SourceKind { llvm_ir, cuda_cpp };
std::string_view name(SourceKind kind);  // "llvm_ir", "cuda_cpp"

struct Source {
  SourceKind kind = SourceKind::llvm_ir;
  std::string text;                  // deterministic: same spec and config, same bytes
  std::string target_cpu;            // LLVM: -mcpu; CUDA: --gpu-architecture
  std::string target_features;       // LLVM: -mattr
  std::vector<std::string> entries;  // extern "C" names, in launch order
  // Units of their own whose launches come first. They do not depend on the config: compiled once, beside the first, they
  // serve all of them.
  std::vector<Source> before;
};
// The texts of all units, in the order they run: to be read, not to be compiled as one.
std::string full_text(const Source& source);

// One launch of a plan. CPU: grid[0] work items, each run by one worker with its own scratch.
struct Launch {
  std::string entry;
  std::array<int64_t, 3> grid{1, 1, 1};
  std::array<int64_t, 3> block{1, 1, 1};
  std::array<int64_t, 3> cluster{1, 1, 1};  // CUDA: CTAs of a cluster; divides the grid
  bool programmatic_dependent = false;      // CUDA: may begin before its predecessor on the stream has ended
  int64_t shared_bytes = 0;                 // CUDA: dynamic shared memory
  int64_t scratch_bytes = 0;                // CPU: scratch of one worker
  int64_t grain = 1;                        // CPU: work items a worker takes at a time
};

// Argument block of a launch: filled on the caller's stack, so a launch allocates nothing. CUDA kernels take its first
// `used_bytes` as their one parameter, a struct by value.
struct ArgumentBlock {
  static constexpr size_t capacity_bytes = 1024;
  alignas(64) std::array<std::byte, capacity_bytes> bytes;
  size_t used_bytes = 0;
};

// What the numbers of a quantized kernel depend on beside the request: P is rounded relative to a running maximum, so the
// order of the keys shows. Dense: a block of rows visits the tiles from the first key that any of its rows sees to the last,
// cut into `splits` runs of tiles [tiles * s / splits, tiles * (s + 1) / splits), each summed on its own. Block lists: full
// blocks, then partial ones, in the order of the lists. Tile t has keys [t * key_tile, (t + 1) * key_tile), of a listed
// block those that are in it. What sinks add to the sum comes last and leaves the maximum of P alone.
struct QuantizedSchedule {
  QuantizationTiles tiles;    // of the scale groups
  int64_t key_tile = 64;      // keys whose probabilities are rounded against one maximum; int8 P: share one scale
  int64_t row_block = 128;    // rows whose keys are split alike
  bool packed_heads = false;  // rows are (query, head in the group) pairs, heads fastest
  int64_t splits = 1;
  bool fp32_p = false;  // pv input with fp32 sums: P is multiplied in fp32, not rounded to the type of V
  bool operator==(const QuantizedSchedule&) const = default;
};

class Family {
 public:
  virtual ~Family() = default;

  virtual std::string_view name() const = 0;
  virtual int version() const = 0;  // raised whenever the output changes meaning
  // Of every source that emit() writes: a device whose compilers do not take it passes this family over.
  virtual SourceKind source_kind() const = 0;

  // ok, or Status::unsupported with the reason in words for the user: the field, and what would work.
  virtual Result<void> supports(const Problem& problem, const DeviceClass& device) const = 0;
  // Requires supports(). Everything that is a constant in the emitted source and is not tuned.
  virtual Spec spec(const Problem& problem, const DeviceClass& device) const = 0;
  // Shapes that share records: a coarse text such as "q512-1023 kv4096-8191 bh8-15".
  virtual std::string shape_bucket(const Problem& problem) const = 0;
  // Constraints may depend on the actual shape, so a record's config is re-checked against the problem at hand.
  virtual Space space(const Spec& spec, const Problem& problem, const DeviceClass& device) const = 0;
  // A good first config with no record at all; always inside the space.
  virtual Config heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const = 0;
  virtual Result<Source> emit(const Spec& spec, const Config& config) const = 0;

  virtual std::vector<Launch> launches(const Problem& problem, const Config& config, const DeviceClass& device) const = 0;
  virtual int64_t workspace_bytes(const Problem& problem, const Config& config, const DeviceClass& device) const = 0;
  // Fills the argument block shared by all launches of the plan.
  virtual void bind(const Problem& problem, const Config& config, const DeviceClass& device, const Tensors& tensors,
                    void* workspace, ArgumentBlock& arguments) const = 0;

  // Of a problem with a quantization that the family supports.
  virtual QuantizedSchedule quantized_schedule(const Problem&, const Config&, const DeviceClass&) const { return {}; }

  // Name of the reference that defines this family's numbers: "attention_fp64", ...
  virtual std::string_view model() const = 0;
};

// The families built into this library, in order of preference.
std::span<const Family* const> families();
const Family* find_family(std::string_view name);

}  // namespace attune
