// Reads /proc, /sys and LLVM's host detection.
#include "runtime/host_cpu.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <sstream>

namespace attune::runtime {
namespace {

struct Isa {
  std::string_view option, arch;
  std::vector<std::string_view> needs;
};

// Best first. Each level needs the one below it: a CPU with AVX-512 but without F16C does not exist, a hypervisor that hides
// one of them does.
const std::vector<Isa>& isa_levels() {
  static const std::vector<Isa> levels = [] {
    using Names = std::vector<std::string_view>;
    const auto with = [](Names names, std::initializer_list<std::string_view> more) {
      names.insert(names.end(), more);
      return names;
    };
    const Names avx2 = {"avx", "avx2", "fma", "f16c", "bmi", "bmi2"};
    const Names avx512 = with(avx2, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
    // Quantized kernels multiply int8 by VNNI, which every CPU with bf16 dot products has had; some have it and no AVX-512.
    return std::vector<Isa>{{"avx512bf16", "x86-64-avx512bf16", with(avx512, {"avx512bf16", "avx512vnni"})},
                            {"avx512vnni", "x86-64-avx512vnni", with(avx512, {"avx512vnni"})},
                            {"avx512", "x86-64-avx512", avx512},
                            {"avxvnni", "x86-64-avxvnni", with(avx2, {"avxvnni"})},
                            {"avx2", "x86-64-avx2", avx2},
                            {"portable", "portable", {}}};
  }();
  return levels;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of "key : value" in /proc/cpuinfo or /proc/meminfo.
std::string proc_value(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (begin == std::string::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
  }
  return {};
}

// "48K", "1024K", "32M" as in sysfs, "16318552 kB" as in /proc/meminfo.
int64_t parse_size(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return 0;
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const char letter = unit.empty() ? '\0' : unit.front();
  const int shift = letter == 'K' || letter == 'k' ? 10 : letter == 'M' ? 20 : letter == 'G' ? 30 : 0;
  return value < (int64_t{1} << (62 - shift)) ? value << shift : 0;
}

// Of the first core; index 1, 2 or 3. sysconf answers where sysfs is not mounted, but counts the L3 of all sockets.
int64_t cache_bytes(int level) {
  for (int index = 0; index < 8; ++index) {
    const std::string base = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    if (first_line(base + "level") == std::to_string(level) && first_line(base + "type") != "Instruction") {
      return parse_size(first_line(base + "size"));
    }
  }
#ifdef _SC_LEVEL1_DCACHE_SIZE
  constexpr std::array names = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  return std::max<int64_t>(0, ::sysconf(names[static_cast<size_t>(level - 1)]));
#else
  return 0;
#endif
}

}  // namespace

Result<std::string> select_arch(std::string_view cpu_isa, const std::vector<std::string>& features) {
  const auto missing = [&](const Isa& isa) {
    std::vector<std::string_view> names;
    for (const std::string_view need : isa.needs) {
      if (std::find(features.begin(), features.end(), need) == features.end()) names.push_back(need);
    }
    return names;
  };
  for (const Isa& isa : isa_levels()) {
    const auto lacks = missing(isa);
    if (cpu_isa.empty() && lacks.empty()) return std::string(isa.arch);
    if (cpu_isa != isa.option) continue;
    if (lacks.empty()) return std::string(isa.arch);
    const auto best =
        std::find_if(isa_levels().begin(), isa_levels().end(), [&](const Isa& level) { return missing(level).empty(); });
    return Error(Status::device_unavailable,
                 fmt::format("cpu_isa '{}' needs {}, which this CPU or its operating system does not offer. Leave cpu_isa "
                             "unset, or use '{}'.",
                             cpu_isa, fmt::join(lacks, ", "), best->option));
  }
  return Error(
      Status::invalid_argument,
      fmt::format("cpu_isa '{}' is unknown. Use avx512bf16, avx512vnni, avx512, avxvnni, avx2 or portable, or leave it "
                  "unset for the host's best.",
                  cpu_isa));
}

std::vector<std::string> host_features() {
  std::vector<std::string> names;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    if (feature.second) names.push_back(feature.first().str());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string host_microarchitecture() { return llvm::sys::getHostCPUName().str(); }

DeviceClass host_device_class(std::string arch, int threads) {
  DeviceClass device;
  device.kind = "cpu";
  device.name = proc_value("/proc/cpuinfo", "model name");
  const std::string microarchitecture = host_microarchitecture();
  // Hypervisors report names such as "AMD EPYC": the microarchitecture tells generations apart.
  device.name = device.name.empty() ? microarchitecture : fmt::format("{} ({})", device.name, microarchitecture);
  device.arch = std::move(arch);
  device.compute_units = threads;
  device.l1_bytes = cache_bytes(1);
  device.l2_bytes = cache_bytes(2);
  device.l3_bytes = cache_bytes(3);
  // Whole GiB, rounded up: what the kernel reserves differs between boots and would split records of equal machines.
  constexpr int64_t gib = int64_t{1} << 30;
  device.memory_bytes = (parse_size(proc_value("/proc/meminfo", "MemTotal")) + gib - 1) / gib * gib;
  return device;
}

double host_clock_mhz() {
  const int core = ::sched_getcpu();
  if (core >= 0) {
    const std::string khz = first_line(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", core));
    if (const int64_t value = parse_size(khz); value > 0) return static_cast<double>(value) / 1000.0;
  }
  std::istringstream stream(proc_value("/proc/cpuinfo", "cpu MHz"));
  double mhz = 0;
  stream >> mhz;
  return stream.fail() ? 0 : mhz;
}

}  // namespace attune::runtime
