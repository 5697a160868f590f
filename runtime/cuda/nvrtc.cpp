// The library's functions are looked up once; every compile owns its program.
#include "runtime/cuda/nvrtc.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace attune::runtime {
namespace {

template <class Function>
Result<void> bind(const SharedLibrary& library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  if (function != nullptr) return {};
  return Error(Status::load_failed,
               fmt::format("{} lacks the function {}: install NVRTC 12 or 13.", library.path("nvrtcVersion"), name));
}

Result<NvrtcApi> bind_all(const SharedLibrary& library) {
  NvrtcApi api;
  ATTUNE_CHECK(bind(library, "nvrtcVersion", api.version));
  ATTUNE_CHECK(bind(library, "nvrtcGetErrorString", api.get_error_string));
  ATTUNE_CHECK(bind(library, "nvrtcGetNumSupportedArchs", api.get_num_supported_archs));
  ATTUNE_CHECK(bind(library, "nvrtcGetSupportedArchs", api.get_supported_archs));
  ATTUNE_CHECK(bind(library, "nvrtcCreateProgram", api.create_program));
  ATTUNE_CHECK(bind(library, "nvrtcDestroyProgram", api.destroy_program));
  ATTUNE_CHECK(bind(library, "nvrtcCompileProgram", api.compile_program));
  ATTUNE_CHECK(bind(library, "nvrtcGetProgramLogSize", api.get_program_log_size));
  ATTUNE_CHECK(bind(library, "nvrtcGetProgramLog", api.get_program_log));
  ATTUNE_CHECK(bind(library, "nvrtcGetCUBINSize", api.get_cubin_size));
  ATTUNE_CHECK(bind(library, "nvrtcGetCUBIN", api.get_cubin));
  ATTUNE_CHECK(bind(library, "nvrtcGetPTXSize", api.get_ptx_size));
  ATTUNE_CHECK(bind(library, "nvrtcGetPTX", api.get_ptx));
  return api;
}

// Reads one of the texts of a program: they all come as a size and a copy.
NvrtcResult fetch(NvrtcProgram program, NvrtcResult (*size_of)(NvrtcProgram, size_t*),
                  NvrtcResult (*copy)(NvrtcProgram, char*), std::string& bytes) {
  size_t size = 0;
  if (const NvrtcResult result = size_of(program, &size); result != nvrtc_success) return result;
  bytes.resize(size);
  return size == 0 ? nvrtc_success : copy(program, bytes.data());
}

void strip_zero(std::string& text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
}

// Lives exactly as long as one compile.
class ProgramGuard {
 public:
  ProgramGuard(const NvrtcApi& api, NvrtcProgram program) : api_(api), program_(program) {}
  ~ProgramGuard() { api_.destroy_program(&program_); }
  ProgramGuard(const ProgramGuard&) = delete;
  ProgramGuard& operator=(const ProgramGuard&) = delete;

 private:
  const NvrtcApi& api_;
  NvrtcProgram program_;
};

}  // namespace

Result<std::shared_ptr<const Nvrtc>> Nvrtc::open(const std::string& name) {
  ATTUNE_TRY(SharedLibrary library, SharedLibrary::open(name));
  return from(std::move(library));
}

Result<std::shared_ptr<const Nvrtc>> Nvrtc::already_loaded(const std::string& name) {
  ATTUNE_TRY(SharedLibrary library, SharedLibrary::already_loaded(name));
  return from(std::move(library));
}

Result<std::shared_ptr<const Nvrtc>> Nvrtc::from(SharedLibrary library) {
  std::shared_ptr<Nvrtc> nvrtc(new Nvrtc);
  ATTUNE_TRY(nvrtc->api_, bind_all(library));
  const NvrtcApi& api = nvrtc->api_;
  nvrtc->path_ = library.path("nvrtcVersion");
  nvrtc->build_id_ = library.build_id("nvrtcVersion");
  int count = 0;
  if (api.version(&nvrtc->major_, &nvrtc->minor_) != nvrtc_success || api.get_num_supported_archs(&count) != nvrtc_success ||
      count <= 0) {
    return Error(Status::load_failed,
                 fmt::format("{} does not tell its version and architectures: install it again.", nvrtc->path_));
  }
  if (nvrtc->major_ < oldest_major || nvrtc->major_ > newest_major) {
    return Error(Status::compiler_too_old,
                 fmt::format("{} is NVRTC {}; Attune works with {}.0 and newer, up to {}. Install one of these.",
                             nvrtc->path_, nvrtc->version(), oldest_major, newest_major));
  }
  nvrtc->archs_.resize(static_cast<size_t>(count));
  if (api.get_supported_archs(nvrtc->archs_.data()) != nvrtc_success) nvrtc->archs_.clear();
  std::sort(nvrtc->archs_.begin(), nvrtc->archs_.end());
  return std::shared_ptr<const Nvrtc>(std::move(nvrtc));
}

std::string Nvrtc::version() const { return fmt::format("{}.{}", major_, minor_); }

std::string Nvrtc::archs_text() const {
  std::vector<std::string> names;
  for (const int arch : archs_) names.push_back(fmt::format("sm_{}", arch));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool Nvrtc::supports(std::string_view arch) const {
  if (!arch.starts_with("sm_")) return false;
  arch.remove_prefix(3);
  int number = 0;
  const auto [end, error] = std::from_chars(arch.data(), arch.data() + arch.size(), number);
  if (error != std::errc() || std::find(archs_.begin(), archs_.end(), number) == archs_.end()) return false;
  const std::string_view variant(end, static_cast<size_t>(arch.data() + arch.size() - end));
  return variant.empty() || (variant == "a" && number >= 90) || (variant == "f" && number >= 100);
}

Result<Nvrtc::Output> Nvrtc::compile(const std::string& source, const std::string& name,
                                     std::span<const std::string> options, bool want_cubin) const {
  NvrtcProgram program = nullptr;
  const auto trouble = [&](NvrtcResult result, std::string log) -> Error {
    const std::string words = api_.get_error_string(result);
    if (result == nvrtc_out_of_memory) {
      return {Status::out_of_memory, "NVRTC ran out of host memory: free memory, or compile fewer kernels at a time.",
              words};
    }
    if (result == nvrtc_compilation_failed) {
      return {Status::compile_failed,
              fmt::format("NVRTC {} refused the kernel. Keep the source with ATTUNE_DUMP_DIR=DIR, or print it with "
                          "`attune emit`, and report it.",
                          version()),
              std::move(log)};
    }
    if (result == nvrtc_invalid_option) {
      return {Status::compiler_too_old,
              fmt::format("NVRTC {} at {} does not know an option or architecture that this kernel needs: install a newer "
                          "one, or name it with ATTUNE_NVRTC.",
                          version(), path_),
              log.empty() ? fmt::format("{}: {}", words, fmt::join(options, " ")) : std::move(log)};
    }
    return {Status::no_compiler,
            fmt::format("NVRTC {} at {} does not work ({}): install it again, with the libnvrtc-builtins that belong to it, "
                        "or name another with ATTUNE_NVRTC.",
                        version(), path_, words),
            std::move(log)};
  };

  NvrtcResult result = api_.create_program(&program, source.c_str(), name.c_str(), 0, nullptr, nullptr);
  if (result != nvrtc_success) return trouble(result, {});
  const ProgramGuard guard(api_, program);
  std::vector<const char*> arguments;
  for (const std::string& option : options) arguments.push_back(option.c_str());
  const NvrtcResult compiled = api_.compile_program(program, static_cast<int>(arguments.size()), arguments.data());

  Output output;
  if (fetch(program, api_.get_program_log_size, api_.get_program_log, output.log) != nvrtc_success) output.log.clear();
  strip_zero(output.log);
  if (compiled != nvrtc_success) return trouble(compiled, std::move(output.log));
  if (want_cubin) {
    result = fetch(program, api_.get_cubin_size, api_.get_cubin, output.bytes);
  } else {
    result = fetch(program, api_.get_ptx_size, api_.get_ptx, output.bytes);
    strip_zero(output.bytes);
  }
  if (result != nvrtc_success) return trouble(result, std::move(output.log));
  if (output.bytes.empty()) return trouble(nvrtc_builtin_operation_failed, std::move(output.log));
  return output;
}

}  // namespace attune::runtime
