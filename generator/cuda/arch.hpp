// What a kernel may use of a GPU architecture: CUDA C++ programming guide, "Technical specifications per compute
// capability".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/result.hpp"

namespace attune::cuda {

struct Arch {
  std::string_view name;           // "sm_90a": what the compiler is asked for
  int number;                      // 90
  int64_t shared_bytes_per_block;  // the most a launch can opt in to
  int64_t shared_bytes_per_sm;     // each resident block takes 1 KiB more than it asks for
  int64_t threads_per_sm;
  bool e4m3_mma;  // mma.sync of e4m3 is one instruction; elsewhere from sm_90 on it is several of fp16
};

// Every architecture that families emit for, ascending.
std::span<const Arch> archs();

// "sm_90a" and "sm_90" find the same; unsupported, with the list, for others.
Result<Arch> find_arch(std::string_view name);

}  // namespace attune::cuda
