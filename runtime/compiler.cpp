// The compile key. Every part is preceded by its length, so that no two lists of parts run together to the same bytes.
#include "runtime/compiler.hpp"

#include <fmt/format.h>

#include "common/hash.hpp"

namespace attune::runtime {

std::string compile_key(const Source& source, const Compiler& compiler, std::string_view arch) {
  std::string bytes;
  bytes.reserve(source.text.size() + 512);
  const auto append = [&bytes](std::string_view part) { bytes.append(fmt::format("{}:", part.size())).append(part); };
  append(name(source.kind));
  append(arch);
  append(compiler.identity(source.kind));
  append(source.target_cpu);
  append(source.target_features);
  append(std::to_string(source.entries.size()));
  for (const std::string& entry : source.entries) append(entry);
  append(source.text);
  return sha256_hex(bytes);
}

}  // namespace attune::runtime
