// Reads lines such as
//   ptxas info    : Compiling entry function 'attention' for 'sm_90a'
//   ptxas         .     256 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
//   ptxas info    : Used 32 registers, used 1 barriers, 256 bytes cumulative stack size, 1024 bytes smem
//   ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to ...
#include "runtime/cuda/ptxas_log.hpp"

#include <algorithm>
#include <charconv>

namespace attune::runtime {
namespace {

// The number that stands before `words` in the line, 0 when the words are not in it.
int64_t number_before(std::string_view line, std::string_view words) {
  const size_t at = line.find(words);
  if (at == std::string_view::npos) return 0;
  size_t begin = at;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  int64_t value = 0;
  std::from_chars(line.data() + begin, line.data() + at, value);
  return value;
}

std::string_view between_quotes(std::string_view line) {
  const size_t begin = line.find('\'');
  if (begin == std::string_view::npos) return {};
  const size_t end = line.find('\'', begin + 1);
  return end == std::string_view::npos ? std::string_view() : line.substr(begin + 1, end - begin - 1);
}

bool is_warning(std::string_view line) {
  // "Remark: The warnings can be suppressed ..." is none.
  return line.find("warning ") != std::string_view::npos || line.find("warning:") != std::string_view::npos ||
         line.find("(C75") != std::string_view::npos || line.find("Warning:") != std::string_view::npos;
}

void raise(int64_t& largest, int64_t value) { largest = std::max(largest, value); }

}  // namespace

PtxasFacts parse_ptxas_log(std::string_view log) {
  PtxasFacts facts;
  while (!log.empty()) {
    const size_t end = std::min(log.find('\n'), log.size());
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(std::min(end + 1, log.size()));
    if (line.find("Compiling entry function") != std::string_view::npos) facts.entries.emplace_back(between_quotes(line));
    raise(facts.registers, number_before(line, " registers"));
    raise(facts.spill_bytes, number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads"));
    raise(facts.stack_bytes, number_before(line, " bytes stack frame"));
    raise(facts.stack_bytes, number_before(line, " bytes cumulative stack size"));
    raise(facts.shared_bytes, number_before(line, " bytes smem"));
    if (is_warning(line)) facts.warnings.emplace_back(line);
  }
  return facts;
}

}  // namespace attune::runtime
