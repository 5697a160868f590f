// Debugging output: costs a second run of the optimiser, which is why it is off unless asked for.
#include "runtime/dump.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/files.hpp"
#include "common/log.hpp"

namespace attune::runtime {
namespace {

Result<void> write_all(const std::filesystem::path& folder, const std::string& key, const std::string& label,
                       const Source& source, const Device& device, const Binary* binary) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Error(Status::io_error, fmt::format("{} could not be created ({}): name a writable dump directory.",
                                               folder.string(), error.message()));
  }
  const bool llvm_ir = source.kind == SourceKind::llvm_ir;
  ATTUNE_CHECK(write_file_atomically(folder / (llvm_ir ? "kernel.ll" : "kernel.cu"), source.text));
  if (binary != nullptr) {
    ATTUNE_CHECK(write_file_atomically(folder / (llvm_ir ? "kernel.o" : "kernel.cubin"), binary->bytes));
    if (auto text = device.compiler().optimised(source); text.ok()) {
      ATTUNE_CHECK(write_file_atomically(folder / (llvm_ir ? "optimised.ll" : "kernel.ptx"), *text));
    }
    if (auto text = device.compiler().assembly(source); text.ok()) {
      ATTUNE_CHECK(write_file_atomically(folder / "kernel.s", *text));
    }
  }
  const nlohmann::json facts = {{"compile_key", key},
                                {"label", label},
                                {"compiler", device.compiler().identity(source.kind)},
                                {"arch", device.device_class().arch},
                                {"target_cpu", source.target_cpu},
                                {"target_features", source.target_features},
                                {"entries", source.entries},
                                {"compiled", binary != nullptr},
                                {"compile_ms", binary != nullptr ? binary->compile_ms : 0.0},
                                {"object_bytes", binary != nullptr ? binary->bytes.size() : size_t{0}}};
  return write_file_atomically(folder / "keys.json", facts.dump(2) + "\n");
}

}  // namespace

void dump_compile(const std::string& directory, const std::string& key, const std::string& label, const Source& source,
                  const Device& device, const Binary* binary) {
  const std::filesystem::path folder = std::filesystem::path(directory) / key.substr(0, 16);
  if (auto written = write_all(folder, key, label, source, device, binary); !written.ok()) {
    log_once(LogLevel::warning, "dump " + directory, "The dump of a compile is incomplete: " + written.error().message());
  }
}

}  // namespace attune::runtime
