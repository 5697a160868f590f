// How many cores this process may really use: affinity and cgroup limits, not what the machine has.
#pragma once

#include <filesystem>
#include <string_view>

namespace attune {

// At least 1. Cores in the affinity mask of the calling thread, cut down to the CPU quota of the process's cgroups.
int usable_cores();

// The quota alone, rounded up to whole cores; 0 when there is none. `membership` is the text of /proc/self/cgroup and
// `mount` the place the hierarchies hang from (/sys/fs/cgroup). Understands versions 1 and 2 and every ancestor of the
// group.
int cgroup_core_limit(std::string_view membership, const std::filesystem::path& mount);

}  // namespace attune
