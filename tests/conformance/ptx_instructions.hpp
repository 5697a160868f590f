// How many instructions there are in PTX text, labels and directives not counted: what NVRTC's time goes with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace attune::test {

inline int64_t count_instructions(const std::string& ptx) {
  int64_t count = 0;
  for (size_t line = 0; line < ptx.size();) {
    const size_t end = std::min(ptx.find('\n', line), ptx.size());
    if (ptx[line] == '\t' && ptx[line + 1] != '.' && ptx[end - 1] == ';') ++count;
    line = end + 1;
  }
  return count;
}

}  // namespace attune::test
