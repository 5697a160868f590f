// Affinity mask and cgroup quota: std::thread::hardware_concurrency() knows the first and not the second.
#include "common/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "common/files.hpp"

namespace attune {
namespace {

int affinity_cores() {
  // The mask of a machine with more than 1024 CPUs does not fit a cpu_set_t: the kernel says EINVAL until the set is large
  // enough.
  for (size_t cpus = CPU_SETSIZE; cpus <= size_t{1} << 20; cpus *= 2) {
    std::vector<unsigned long> mask(cpus / (8 * sizeof(unsigned long)));
    auto* set = reinterpret_cast<cpu_set_t*>(mask.data());
    if (sched_getaffinity(0, mask.size() * sizeof(unsigned long), set) == 0) {
      return std::max(1, CPU_COUNT_S(mask.size() * sizeof(unsigned long), set));
    }
  }
  return 1;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// Version 2: "max 100000" or "150000 100000" in one file. Version 1: two files, and a quota of -1 means none.
std::optional<double> quota_of(const std::filesystem::path& group) {
  if (const auto text = read_file(group / "cpu.max"); text.ok()) {
    const auto space = text->find(' ');
    if (space == std::string::npos) return std::nullopt;
    const auto quota = number(std::string_view(*text).substr(0, space));
    const auto period = number(std::string_view(*text).substr(space + 1));
    return quota && period && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
  }
  const auto quota_text = read_file(group / "cpu.cfs_quota_us");
  const auto period_text = read_file(group / "cpu.cfs_period_us");
  if (!quota_text.ok() || !period_text.ok()) return std::nullopt;
  const auto quota = number(*quota_text);
  const auto period = number(*period_text);
  return quota && *quota > 0 && period && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
}

// Inside a container the path may be the host's and not exist below `mount`: the walk then ends at the mount itself, which
// is the container's own group.
std::optional<double> tightest_quota(const std::filesystem::path& mount, std::string_view group) {
  std::optional<double> tightest;
  std::filesystem::path path = std::filesystem::path(group).relative_path();
  while (true) {
    if (const auto quota = quota_of(mount / path); quota && (!tightest || *quota < *tightest)) tightest = quota;
    if (path.empty()) return tightest;
    path = path.parent_path();
  }
}

bool names_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const auto comma = controllers.find(',');
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers = comma == std::string_view::npos ? std::string_view() : controllers.substr(comma + 1);
  }
  return false;
}

}  // namespace

int cgroup_core_limit(std::string_view membership, const std::filesystem::path& mount) {
  std::optional<double> limit;
  while (!membership.empty()) {
    const auto line_end = membership.find('\n');
    const std::string_view line = membership.substr(0, line_end);
    membership = line_end == std::string_view::npos ? std::string_view() : membership.substr(line_end + 1);

    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view group = line.substr(second + 1);

    std::vector<std::filesystem::path> hierarchies;
    if (controllers.empty()) hierarchies = {mount, mount / "unified"};
    if (names_cpu(controllers)) hierarchies = {mount / controllers, mount / "cpu"};
    for (const auto& hierarchy : hierarchies) {
      if (const auto quota = tightest_quota(hierarchy, group); quota && (!limit || *quota < *limit)) limit = quota;
    }
  }
  return limit ? std::max(1, static_cast<int>(std::ceil(std::min(*limit, 1e6)))) : 0;
}

int usable_cores() {
  const int cores = affinity_cores();
  const auto membership = read_file("/proc/self/cgroup");
  const int limit = membership.ok() ? cgroup_core_limit(*membership, "/sys/fs/cgroup") : 0;
  return limit > 0 ? std::min(cores, limit) : cores;
}

}  // namespace attune
