// GPU architectures that can be emulated, each with the facts of one part that has it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "generator/family.hpp"

namespace attune::runtime {

struct GpuPart {
  std::string_view arch;  // "sm_90a"
  std::string_view name;  // the part that the facts are of
  int64_t compute_units;  // SMs
  int64_t l1_bytes;       // L1 and shared memory of one SM together
  int64_t l2_bytes;
  int64_t memory_bytes;
};

std::span<const GpuPart> gpu_parts();

// By arch; "sm_90" also finds "sm_90a", since every such part has both. unsupported with the list of what there is.
Result<const GpuPart*> find_gpu_part(std::string_view arch);

// The arch that kernels for this compute capability are emitted for: "sm_80", and from 9.0 on the variant with the
// instructions of that generation alone, "sm_90a".
std::string arch_of(int compute_capability);
// 90 of "sm_90a"; 0 when it is no such name.
int compute_capability_of(std::string_view arch);

// The device class of `emulated:<arch>`.
DeviceClass emulated_device_class(const GpuPart& part);

}  // namespace attune::runtime
