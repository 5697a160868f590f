// Limits of the CUDA programming model that hold for every architecture Attune knows.
#include "runtime/gpu_limits.hpp"

#include <fmt/format.h>

#include <array>

#include "runtime/gpu_parts.hpp"

namespace attune::runtime {
namespace {

constexpr std::array<int64_t, 3> max_grid = {(int64_t{1} << 31) - 1, 65535, 65535};
constexpr std::array<int64_t, 3> max_block = {1024, 1024, 64};
constexpr int64_t max_threads = 1024;
constexpr int64_t max_cluster = 16;  // beyond 8 with a kernel that allows it, as all of ours do
constexpr int first_with_clusters = 90;

Error exceeded(const Launch& launch, std::string what) {
  return {Status::resources_exceeded,
          fmt::format("'{}' cannot be launched: {}. Choose another config, or report it.", launch.entry, what)};
}

Result<void> check_launch(const Launch& launch, const DeviceClass& device) {
  constexpr std::string_view axes = "xyz";
  int64_t threads = 1, cluster = 1;
  for (size_t n = 0; n < 3; ++n) {
    if (launch.grid[n] < 0 || launch.grid[n] > max_grid[n]) {
      return exceeded(launch, fmt::format("grid.{} is {}, and CUDA takes 0 to {}", axes[n], launch.grid[n], max_grid[n]));
    }
    if (launch.block[n] < 1 || launch.block[n] > max_block[n]) {
      return exceeded(launch, fmt::format("block.{} is {}, and CUDA takes 1 to {}", axes[n], launch.block[n], max_block[n]));
    }
    if (launch.cluster[n] < 1 || launch.cluster[n] > max_cluster || launch.grid[n] % launch.cluster[n] != 0) {
      return exceeded(launch, fmt::format("cluster.{} is {}, which must be 1 to {} and divide the grid's {}", axes[n],
                                          launch.cluster[n], max_cluster, launch.grid[n]));
    }
    threads *= launch.block[n];
    cluster *= launch.cluster[n];
  }
  if (threads > max_threads)
    return exceeded(launch, fmt::format("{} threads a CTA, and CUDA takes {}", threads, max_threads));
  if (cluster > max_cluster)
    return exceeded(launch, fmt::format("{} CTAs a cluster, and CUDA takes {}", cluster, max_cluster));
  if (cluster > 1 && compute_capability_of(device.arch) < first_with_clusters) {
    return exceeded(launch, fmt::format("clusters begin with sm_90, and this is {}", device.arch));
  }
  if (launch.shared_bytes < 0 || launch.shared_bytes > device.shared_bytes) {
    return exceeded(launch, fmt::format("it asks for {} bytes of shared memory, and {} has {} for a CTA",
                                        launch.shared_bytes, device.arch, device.shared_bytes));
  }
  return {};
}

}  // namespace

Result<void> check_launches(std::span<const Launch> launches, const DeviceClass& device) {
  for (const Launch& launch : launches) ATTUNE_CHECK(check_launch(launch, device));
  return {};
}

}  // namespace attune::runtime
