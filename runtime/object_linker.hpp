// Links relocatable objects into this process and resolves their entries. No LLVM type crosses this header.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/compiler.hpp"
#include "runtime/device.hpp"

namespace attune::runtime {

// The kernel ABI on the CPU: runs work items [item_begin, item_end) of the flattened grid.
using CpuEntry = void (*)(const void* arguments, int64_t item_begin, int64_t item_end, void* scratch);

class CpuKernel : public LoadedKernel {
 public:
  // Null when there is no such entry.
  virtual CpuEntry entry(std::string_view name) const = 0;
};

// Thread-safe. Kernels keep what they need of the linker alive, so the order of destruction does not matter.
class ObjectLinker {
 public:
  static Result<std::unique_ptr<ObjectLinker>> create();
  virtual ~ObjectLinker() = default;

  // Objects may call memcpy, memmove, memset and the arithmetic that LLVM lowers to library calls; any other reference
  // outside the object fails to link. The code is unmapped when the kernel is destroyed.
  virtual Result<std::shared_ptr<const CpuKernel>> link(const Binary& binary) = 0;
};

}  // namespace attune::runtime
