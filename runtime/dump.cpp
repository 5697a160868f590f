// Debugging output: costs a second run of the optimiser, which is why it is off unless asked for.
#include "runtime/dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/files.hpp"
#include "common/log.hpp"

namespace attune::runtime {
namespace {

constexpr size_t max_failures = 16;

// Binaries are objects, cubins or PTX: ELF says which it is not, the source which of the two others.
std::string_view file_name(const Source& source, const Binary& binary) {
  if (!binary.bytes.starts_with("\x7f"
                                "ELF") &&
      binary.bytes.find(".version") != std::string::npos)
    return "kernel.ptx";
  return source.kind == SourceKind::llvm_ir ? "kernel.o" : "kernel.cubin";
}

Result<void> write_all(const std::filesystem::path& folder, const std::string& key, const std::string& label,
                       const Source& source, const Device& device, const Result<Binary>& outcome) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Error(Status::io_error, fmt::format("{} could not be created ({}): name a writable dump directory.",
                                               folder.string(), error.message()));
  }
  const Binary* binary = outcome.ok() ? &*outcome : nullptr;
  const bool llvm_ir = source.kind == SourceKind::llvm_ir;
  ATTUNE_CHECK(write_file_atomically(folder / (llvm_ir ? "kernel.ll" : "kernel.cu"), source.text));
  const std::string& log = binary != nullptr ? binary->log : outcome.error().log();
  if (!log.empty()) ATTUNE_CHECK(write_file_atomically(folder / "log.txt", log));
  if (binary != nullptr) {
    ATTUNE_CHECK(write_file_atomically(folder / file_name(source, *binary), binary->bytes));
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
                                {"registers", binary != nullptr ? binary->registers : 0},
                                {"spill_bytes", binary != nullptr ? binary->spill_bytes : 0},
                                {"stack_bytes", binary != nullptr ? binary->stack_bytes : 0},
                                {"shared_bytes", binary != nullptr ? binary->shared_bytes : 0},
                                {"warnings", binary != nullptr ? binary->warnings : std::vector<std::string>()},
                                {"object_bytes", binary != nullptr ? binary->bytes.size() : size_t{0}}};
  return write_file_atomically(folder / "keys.json",
                               facts.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// The oldest folders go until one more fits. Another process may do the same: what is gone already is no error.
void make_room(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> folders;
  for (std::filesystem::directory_iterator item(directory, error), end; !error && item != end; item.increment(error)) {
    std::error_code ignored;
    folders.emplace_back(item->last_write_time(ignored), item->path());
  }
  std::sort(folders.begin(), folders.end());
  for (size_t n = 0; n + max_failures <= folders.size(); ++n) std::filesystem::remove_all(folders[n].second, error);
}

}  // namespace

std::optional<std::filesystem::path> dump_compile(const std::filesystem::path& directory, const std::string& key,
                                                  const std::string& label, const Source& source, const Device& device,
                                                  const Result<Binary>& outcome) {
  const std::filesystem::path folder = directory / key.substr(0, 16);
  if (auto written = write_all(folder, key, label, source, device, outcome); !written.ok()) {
    log_once(LogLevel::warning, "dump " + directory.string(),
             "The dump of a compile is incomplete: " + written.error().message());
    return std::nullopt;
  }
  return folder;
}

std::optional<std::filesystem::path> keep_failure(const std::filesystem::path& directory, const std::string& key,
                                                  const std::string& label, const Source& source, const Device& device,
                                                  const Result<Binary>& outcome) {
  std::error_code error;
  if (!std::filesystem::exists(directory / key.substr(0, 16), error)) make_room(directory);
  return dump_compile(directory, key, label, source, device, outcome);
}

}  // namespace attune::runtime
