// A binary loaded on a GPU. Private to runtime/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cuda/cuda_context.hpp"
#include "runtime/device.hpp"

namespace attune::runtime {

class CudaKernel : public LoadedKernel {
 public:
  // Takes a cubin, or PTX that the driver compiles. Every entry may use all the shared memory that the device has for a CTA,
  // and clusters of any size. load_failed when the driver refuses the binary or an entry is not in it; resources_exceeded
  // when static shared memory alone is too much.
  static Result<std::shared_ptr<const CudaKernel>> load(std::shared_ptr<CudaContext> context, const Binary& binary,
                                                        const DeviceClass& device);
  ~CudaKernel() override;

  // Null when there is no such entry.
  CudaFunctionHandle entry(std::string_view name) const;
  const CudaContext* context() const { return context_.get(); }

 private:
  struct Entry {
    std::string name;
    CudaFunctionHandle function = nullptr;
  };

  explicit CudaKernel(std::shared_ptr<CudaContext> context) : context_(std::move(context)) {}
  Result<void> open(const Binary& binary);
  Result<void> add_entry(const std::string& name, const DeviceClass& device);

  std::shared_ptr<CudaContext> context_;
  CudaLibraryHandle library_ = nullptr;
  std::vector<Entry> entries_;  // a handful: searched in a row
};

}  // namespace attune::runtime
