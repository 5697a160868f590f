// Facts of the host CPU: name, instruction set, caches, memory, clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/family.hpp"

namespace attune::runtime {

// The arch that kernels are emitted for. `cpu_isa` as in DeviceOptions: "" takes the host's best. `features` are the names
// that LLVM reports for the host, which include whether the operating system saves the registers.
Result<std::string> select_arch(std::string_view cpu_isa, const std::vector<std::string>& features);

// What LLVM sees on this host: enabled features, and its name of the microarchitecture.
std::vector<std::string> host_features();
std::string host_microarchitecture();

// The device class of this host: `threads` workers will run kernels for `arch`.
DeviceClass host_device_class(std::string arch, int threads);

// Current clock of the core this thread runs on, in MHz; 0 where the system does not tell.
double host_clock_mhz();

}  // namespace attune::runtime
