// The primary context of one GPU, shared with whatever else in the process uses that GPU. Private to runtime/.
#pragma once

#include <atomic>
#include <memory>

#include "runtime/cuda/driver.hpp"

namespace attune::runtime {

// Kept alive by the device and by every kernel that was loaded in it.
class CudaContext {
 public:
  static Result<std::shared_ptr<CudaContext>> retain(std::shared_ptr<const CudaDriver> driver, CudaDeviceHandle device);
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  const CudaDriver& driver() const { return *driver_; }
  const DriverApi& api() const { return driver_->api(); }
  CudaDeviceHandle device() const { return device_; }
  CudaContextHandle handle() const { return handle_; }

  // ok, or the error of a failed call. After a sticky one every later call is answered without asking the driver.
  Result<void> check(CudaResult result, std::string_view doing);
  bool is_lost() const { return lost_.load(std::memory_order_relaxed); }
  Result<void> usable() const;

 private:
  CudaContext(std::shared_ptr<const CudaDriver> driver, CudaDeviceHandle device, CudaContextHandle handle)
      : driver_(std::move(driver)), device_(device), handle_(handle) {}

  std::shared_ptr<const CudaDriver> driver_;
  CudaDeviceHandle device_;
  CudaContextHandle handle_;
  std::atomic<bool> lost_{false};
};

// Makes the context current on this thread, and puts back what was there: the caller's own CUDA code never notices.
class CurrentContext {
 public:
  explicit CurrentContext(CudaContext& context);
  ~CurrentContext();
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

  const Result<void>& outcome() const { return outcome_; }

 private:
  CudaContext& context_;
  Result<void> outcome_;
  bool pushed_ = false;
};

// Loading and allocating are forbidden to a thread while any stream of the process is being captured in the global mode,
// and would spoil that capture. What this thread does meanwhile belongs to no captured stream, so it may be exempt.
class RelaxedCapture {
 public:
  explicit RelaxedCapture(const DriverApi& api);
  ~RelaxedCapture();
  RelaxedCapture(const RelaxedCapture&) = delete;
  RelaxedCapture& operator=(const RelaxedCapture&) = delete;

 private:
  const DriverApi& api_;
  int mode_ = cuda_capture_mode_relaxed;
};

}  // namespace attune::runtime
