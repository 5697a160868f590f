// NVRTC, opened at run time: CUDA C++ text to a cubin or to PTX.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "runtime/cuda/nvrtc_api.hpp"
#include "runtime/shared_library.hpp"

namespace attune::runtime {

// Thread-safe: NVRTC compiles different programs on different threads at the same time.
class Nvrtc {
 public:
  // Cubins of any minor load with every driver of its major.
  static constexpr int oldest_major = 12, newest_major = 13;

  // `name` is a path, or a name for the system's loader. load_failed when it cannot be opened or lacks a function,
  // compiler_too_old when its version is not one that this class knows.
  static Result<std::shared_ptr<const Nvrtc>> open(const std::string& name);
  // Only if the process has it already, as a program with a framework in it often does.
  static Result<std::shared_ptr<const Nvrtc>> already_loaded(const std::string& name);

  int major() const { return major_; }
  int minor() const { return minor_; }
  const std::string& path() const { return path_; }
  const std::string& build_id() const { return build_id_; }
  std::string version() const;  // "13.0"
  // Compute capabilities as numbers (80, 90, ...), as this NVRTC tells them. The variants 90a, 100a and so on came together
  // with their numbers.
  const std::vector<int>& archs() const { return archs_; }
  std::string archs_text() const;              // "sm_75, sm_80, ..."
  bool supports(std::string_view arch) const;  // "sm_80", "sm_90a"

  struct Output {
    std::string bytes;  // cubin, or PTX text without a closing zero
    std::string log;
  };
  // `name` stands in diagnostics. `want_cubin` needs an --gpu-architecture=sm_XX among the options, else PTX is returned.
  // compile_failed with the compiler's words in the log; out_of_memory; no_compiler when NVRTC itself is broken.
  Result<Output> compile(const std::string& source, const std::string& name, std::span<const std::string> options,
                         bool want_cubin) const;

 private:
  Nvrtc() = default;
  static Result<std::shared_ptr<const Nvrtc>> from(SharedLibrary library);

  NvrtcApi api_;
  int major_ = 0, minor_ = 0;
  std::string path_, build_id_;
  std::vector<int> archs_;
};

}  // namespace attune::runtime
