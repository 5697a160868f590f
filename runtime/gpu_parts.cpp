// Figures from NVIDIA's data sheets; what the compute capability says stands in generator/cuda/arch.cpp.
#include "runtime/gpu_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <vector>

#include "generator/cuda/arch.hpp"

namespace attune::runtime {
namespace {

constexpr int64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

constexpr std::array parts = {
    GpuPart{"sm_80", "A100 SXM 80GB", 108, 192 * KiB, 40 * MiB, 80 * GiB},
    GpuPart{"sm_86", "GeForce RTX 3090", 82, 128 * KiB, 6 * MiB, 24 * GiB},
    GpuPart{"sm_87", "Jetson AGX Orin 64GB", 16, 192 * KiB, 4 * MiB, 64 * GiB},
    GpuPart{"sm_89", "GeForce RTX 4090", 128, 128 * KiB, 72 * MiB, 24 * GiB},
    GpuPart{"sm_90a", "H100 SXM 80GB", 132, 256 * KiB, 50 * MiB, 80 * GiB},
    GpuPart{"sm_100a", "B200", 148, 256 * KiB, 126 * MiB, 180 * GiB},
    GpuPart{"sm_103a", "B300", 148, 256 * KiB, 126 * MiB, 270 * GiB},
    GpuPart{"sm_120a", "GeForce RTX 5090", 170, 128 * KiB, 96 * MiB, 32 * GiB},
    GpuPart{"sm_121a", "GB10", 48, 128 * KiB, 24 * MiB, 128 * GiB},
};

}  // namespace

std::span<const GpuPart> gpu_parts() { return parts; }

Result<const GpuPart*> find_gpu_part(std::string_view arch) {
  for (const GpuPart& part : parts) {
    if (part.arch == arch || (part.arch.ends_with('a') && part.arch.substr(0, part.arch.size() - 1) == arch)) return &part;
  }
  std::vector<std::string_view> names;
  for (const GpuPart& part : parts) names.push_back(part.arch);
  return Error(Status::unsupported,
               fmt::format("The architecture '{}' cannot be emulated: use one of {}.", arch, fmt::join(names, ", ")));
}

std::string arch_of(int compute_capability) {
  return fmt::format("sm_{}{}", compute_capability, compute_capability >= 90 ? "a" : "");
}

int compute_capability_of(std::string_view arch) {
  if (!arch.starts_with("sm_")) return 0;
  int number = 0;
  const auto [end, error] = std::from_chars(arch.data() + 3, arch.data() + arch.size(), number);
  const auto rest = static_cast<size_t>(arch.data() + arch.size() - end);
  return error == std::errc() && rest <= 1 ? number : 0;
}

DeviceClass emulated_device_class(const GpuPart& part) {
  DeviceClass result;
  result.kind = "emulated";
  result.name = fmt::format("emulated {}", part.arch);
  result.arch = part.arch;
  result.compute_units = part.compute_units;
  result.l1_bytes = part.l1_bytes;
  result.l2_bytes = part.l2_bytes;
  result.memory_bytes = part.memory_bytes;
  const auto arch = cuda::find_arch(part.arch);
  result.shared_bytes = arch.ok() ? arch->shared_bytes_per_block : 0;
  return result;
}

}  // namespace attune::runtime
