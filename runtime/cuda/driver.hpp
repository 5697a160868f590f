// The CUDA driver, opened at run time.
#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"
#include "runtime/cuda/driver_api.hpp"

namespace attune::runtime {

// Initialised and immutable; shared by the devices of one process.
class CudaDriver {
 public:
  static constexpr int oldest_major = 12;

  // `library` is the option of that name: a path, or "" for libcuda.so.1. device_unavailable when there is no driver, it is
  // older than CUDA 12.0 or it sees no GPU.
  static Result<std::shared_ptr<const CudaDriver>> open(const std::string& library);

  const DriverApi& api() const { return api_; }
  const std::string& path() const { return path_; }
  int version() const { return version_; }  // 12040 for CUDA 12.4
  int major() const { return version_ / 1000; }
  std::string version_text() const;  // "12.4"
  int device_count() const { return device_count_; }

  // What a failed call means, in words: "<doing> failed: ...", with the driver's own in the log.
  Error error(CudaResult result, std::string_view doing) const;
  // ok, or that error.
  Result<void> check(CudaResult result, std::string_view doing) const;

 private:
  CudaDriver() = default;

  DriverApi api_;
  std::string path_;
  int version_ = 0, device_count_ = 0;
};

// Errors after which every further call of the process fails: an illegal access, a hang, memory that cannot be corrected.
bool is_sticky(CudaResult result);

}  // namespace attune::runtime
