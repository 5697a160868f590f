// Loading resolves everything, so that a launch looks nothing up but a name.
#include "runtime/cuda/cuda_kernel.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "runtime/gpu_parts.hpp"

namespace attune::runtime {
namespace {

constexpr int first_with_clusters = 90;
constexpr size_t log_bytes = 8192;

}  // namespace

Result<std::shared_ptr<const CudaKernel>> CudaKernel::load(std::shared_ptr<CudaContext> context, const Binary& binary,
                                                           const DeviceClass& device) {
  const CurrentContext current(*context);
  ATTUNE_CHECK(current.outcome());
  const RelaxedCapture relaxed(context->api());
  std::shared_ptr<CudaKernel> kernel(new CudaKernel(context));
  ATTUNE_CHECK(kernel->open(binary));
  for (const std::string& name : binary.entries) ATTUNE_CHECK(kernel->add_entry(name, device));
  return std::shared_ptr<const CudaKernel>(std::move(kernel));
}

Result<void> CudaKernel::open(const Binary& binary) {
  // Only PTX is compiled here, and only then the driver has something to say.
  std::string log(log_bytes, '\0');
  std::array options = {CudaJitOption::error_log_buffer, CudaJitOption::error_log_buffer_size_bytes};
  std::array<void*, 2> values = {log.data(), reinterpret_cast<void*>(log.size())};
  const CudaResult result = context_->api().cuLibraryLoadData(&library_, binary.bytes.c_str(), options.data(), values.data(),
                                                              options.size(), nullptr, nullptr, 0);
  if (result == cuda_result::success) return {};
  library_ = nullptr;
  log.resize(std::strlen(log.c_str()));
  const auto failed = context_->check(result, "loading the kernel");
  return Error(failed.error().status(), failed.error().message(),
               log.empty() ? failed.error().log() : failed.error().log() + "\n" + log);
}

Result<void> CudaKernel::add_entry(const std::string& name, const DeviceClass& device) {
  const DriverApi& api = context_->api();
  const std::string doing = fmt::format("loading the entry '{}'", name);
  CudaKernelHandle kernel = nullptr;
  Entry entry{name, nullptr};
  ATTUNE_CHECK(context_->check(api.cuLibraryGetKernel(&kernel, library_, name.c_str()), doing));
  ATTUNE_CHECK(context_->check(api.cuKernelGetFunction(&entry.function, kernel), doing));
  int static_bytes = 0;
  ATTUNE_CHECK(context_->check(
      api.cuFuncGetAttribute(&static_bytes, CudaFunctionAttribute::shared_size_bytes, entry.function), doing));
  const int64_t dynamic_bytes = device.shared_bytes - static_bytes;
  if (dynamic_bytes < 0) {
    return Error(Status::resources_exceeded,
                 fmt::format("'{}' needs {} bytes of static shared memory, and {} has {} for a CTA. Choose another config.",
                             name, static_bytes, device.arch, device.shared_bytes));
  }
  ATTUNE_CHECK(context_->check(api.cuFuncSetAttribute(entry.function, CudaFunctionAttribute::max_dynamic_shared_size_bytes,
                                                      static_cast<int>(dynamic_bytes)),
                               doing));
  if (compute_capability_of(device.arch) >= first_with_clusters) {
    ATTUNE_CHECK(context_->check(
        api.cuFuncSetAttribute(entry.function, CudaFunctionAttribute::non_portable_cluster_size_allowed, 1), doing));
  }
  entries_.push_back(std::move(entry));
  return {};
}

CudaKernel::~CudaKernel() {
  if (library_ == nullptr) return;
  const CurrentContext current(*context_);
  if (!current.outcome().ok()) return;  // lost: the driver has forgotten it
  const RelaxedCapture relaxed(context_->api());
  context_->api().cuLibraryUnload(library_);
}

CudaFunctionHandle CudaKernel::entry(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace attune::runtime
