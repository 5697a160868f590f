// Retained once a device, released with the last kernel.
#include "runtime/cuda/cuda_context.hpp"

namespace attune::runtime {

Result<std::shared_ptr<CudaContext>> CudaContext::retain(std::shared_ptr<const CudaDriver> driver, CudaDeviceHandle device) {
  CudaContextHandle handle = nullptr;
  ATTUNE_CHECK(driver->check(driver->api().cuDevicePrimaryCtxRetain(&handle, device), "opening the GPU"));
  return std::shared_ptr<CudaContext>(new CudaContext(std::move(driver), device, handle));
}

CudaContext::~CudaContext() { api().cuDevicePrimaryCtxRelease_v2(device_); }

Result<void> CudaContext::check(CudaResult result, std::string_view doing) {
  if (result == cuda_result::success) return {};
  if (is_sticky(result)) lost_.store(true, std::memory_order_relaxed);
  return driver_->error(result, doing);
}

Result<void> CudaContext::usable() const {
  if (!is_lost()) return {};
  return Error(Status::device_lost,
               "The GPU is lost to this process by an earlier error: start the process again to use it.");
}

CurrentContext::CurrentContext(CudaContext& context) : context_(context) {
  outcome_ = context.usable();
  if (!outcome_.ok()) return;
  CudaContextHandle current = nullptr;
  if (context.api().cuCtxGetCurrent(&current) == cuda_result::success && current == context.handle()) return;
  outcome_ = context.check(context.api().cuCtxPushCurrent_v2(context.handle()), "making the GPU current");
  pushed_ = outcome_.ok();
}

CurrentContext::~CurrentContext() {
  CudaContextHandle popped = nullptr;
  if (pushed_) context_.api().cuCtxPopCurrent_v2(&popped);
}

RelaxedCapture::RelaxedCapture(const DriverApi& api) : api_(api) { api_.cuThreadExchangeStreamCaptureMode(&mode_); }

RelaxedCapture::~RelaxedCapture() { api_.cuThreadExchangeStreamCaptureMode(&mode_); }

}  // namespace attune::runtime
