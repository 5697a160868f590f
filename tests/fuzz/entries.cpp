// What must hold for any bytes: no crash, no hang, and whatever is accepted survives a round trip.
#include "tests/fuzz/entries.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cache/record_store.hpp"
#include "cli/files/npy.hpp"
#include "cli/files/safetensors.hpp"
#include "cli/shapes/grammar.hpp"
#include "cli/shapes/shape_list.hpp"
#include "emulator/emulator.hpp"

namespace attune::fuzz {
namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

void require_message(const Error& error) { require(!error.message().empty(), "an error without a message"); }

// Bytes as a file that needs no disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "memfd_create failed");
    size_t written = 0;
    while (written < bytes.size()) {
      const ssize_t count = write(descriptor_, bytes.data() + written, bytes.size() - written);
      require(count > 0, "write to memory failed");
      written += static_cast<size_t>(count);
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

void npy(std::string_view bytes) {
  const auto array = cli::read_npy(*cli::from_memory(bytes));
  if (!array) return require_message(array.error());
  require(static_cast<size_t>(array->bytes()) <= bytes.size(), ".npy: more data than bytes");
  const auto written = cli::npy_bytes(*array);
  require(written.ok(), ".npy: what was read cannot be written");
  const auto again = cli::read_npy(*cli::from_memory(*written));
  require(again.ok() && again->shape() == array->shape() && again->dtype() == array->dtype(), ".npy: round trip");
}

void safetensors(std::string_view bytes) {
  const auto array = cli::read_safetensors(*cli::from_memory(bytes), "q");
  if (!array) return require_message(array.error());
  require(static_cast<size_t>(array->bytes()) <= bytes.size(), ".safetensors: more data than bytes");
  const std::string written = cli::safetensors_bytes({{"q", &*array}});
  const auto again = cli::read_safetensors(*cli::from_memory(written), "q");
  require(again.ok() && again->shape() == array->shape() && again->dtype() == array->dtype(), ".safetensors: round trip");
}

void records_import(std::string_view bytes) {
  const auto store = cache::RecordStore::open({});  // in memory
  const MemoryFile file(bytes);
  const auto count = store->import_from(file.path());
  if (!count) {
    require_message(count.error());
    require(store->all().empty(), "import: a refused file left records behind");
    return;
  }
  require(static_cast<size_t>(*count) == store->all().size(), "import: the count is wrong");
  const auto again = store->import_from(file.path());
  require(again.ok() && *again == 0, "import: not idempotent");
}

void shapes(std::string_view bytes) {
  if (const auto listed = cli::problems_of_text(bytes); !listed) require_message(listed.error());
  const auto problem = cli::parse_shape(bytes);
  if (!problem) return require_message(problem.error());
  require(validate(*problem).ok(), "shapes: a malformed problem was accepted");
  const auto again = cli::parse_shape(to_text(*problem));
  require(again.ok() && *again == *problem, "shapes: round trip through to_text");
}

void ptx(std::string_view bytes) {
  const auto program = emulator::load(bytes);
  if (!program) return require_message(program.error());
  emulator::Options options;
  options.max_instructions_per_warp = 2000;
  for (const emulator::KernelFacts& kernel : emulator::kernels(**program)) {
    if (kernel.parameter_bytes > 4096) continue;
    std::vector<std::byte> parameters(static_cast<size_t>(kernel.parameter_bytes));
    std::vector<std::byte> memory(256);
    const emulator::MemoryRegion region{memory.data(), 256, "memory", true};
    const auto run =
        emulator::run(**program, {.entry = kernel.entry, .block = {32, 1, 1}}, parameters, {&region, 1}, options);
    if (!run) require_message(run.error());
  }
}

}  // namespace attune::fuzz
