#include "generator/family.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "common/hash.hpp"
#include "generator/families/forward_mma/forward_mma.hpp"
#ifdef ATTUNE_LLVM
#include "generator/families/forward_cpu/forward_cpu.hpp"
#include "generator/families/forward_simt/forward_simt.hpp"
#endif

namespace attune {

std::string DeviceClass::to_json() const {
  const nlohmann::json json = {{"kind", kind},
                               {"name", name},
                               {"arch", arch},
                               {"compute_units", compute_units},
                               {"l1_bytes", l1_bytes},
                               {"l2_bytes", l2_bytes},
                               {"l3_bytes", l3_bytes},
                               {"memory_bytes", memory_bytes},
                               {"shared_bytes", shared_bytes},
                               {"driver_major", driver_major}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Memory is left out: the same CPU with more of it is the same device to a kernel.
std::string DeviceClass::id() const {
  const nlohmann::json json = {{"kind", kind},         {"name", name},
                               {"arch", arch},         {"compute_units", compute_units},
                               {"l2_bytes", l2_bytes}, {"driver_major", driver_major}};
  return sha256_hex(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)).substr(0, 32);
}

std::string full_text(const Source& source) {
  std::string text;
  for (const Source& unit : source.before) text += unit.text + "\n";
  return text + source.text;
}

std::string_view name(SourceKind kind) { return kind == SourceKind::llvm_ir ? "llvm_ir" : "cuda_cpp"; }

std::span<const Family* const> families() {
  static const forward_mma::ForwardMma mma;
#ifdef ATTUNE_LLVM
  static const forward_cpu::ForwardCpu cpu;
  static const forward_simt::ForwardSimt simt;
  static const std::array<const Family*, 3> all = {&mma, &cpu, &simt};
#else
  static const std::array<const Family*, 1> all = {&mma};
#endif
  return all;
}

const Family* find_family(std::string_view name) {
  for (const Family* family : families()) {
    if (family->name() == name) return family;
  }
  return nullptr;
}

}  // namespace attune
