// What the CUDA assembler tells in its log (--ptxas-options=-v): resource usage and warnings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::runtime {

struct PtxasFacts {
  // The largest over the functions of the kernel.
  int64_t registers = 0, spill_bytes = 0, stack_bytes = 0, shared_bytes = 0;
  std::vector<std::string> entries;   // in the order of the log
  std::vector<std::string> warnings;  // of compiler and assembler, C75xx (serialised wgmma, ...) included; each one line
};

// Lines that it does not know are passed over: the log is meant for people and grows with each release.
PtxasFacts parse_ptxas_log(std::string_view log);

}  // namespace attune::runtime
