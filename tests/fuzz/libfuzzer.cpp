// The libFuzzer side of one target; ATTUNE_FUZZ_TARGET names it.
#include <cstddef>
#include <cstdint>

#include "common/log.hpp"
#include "tests/fuzz/entries.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  attune::set_log_level(attune::LogLevel::silent);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  attune::fuzz::ATTUNE_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
