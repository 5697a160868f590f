// The tensors a problem is measured on: representative inputs, and an output between guard bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "generator/tensors.hpp"
#include "runtime/device.hpp"

namespace attune::tuner {

// Lengths are full (kv_lengths = seqlen_kv, packed totals shared evenly), pages lie in random order, block lists have half
// density, boolean masks keep seven of eight keys. Inputs are the same bytes for the same problem and seed. Not thread-safe.
class Workload {
 public:
  // out_of_memory when the device or the host has no room for the problem.
  static Result<std::unique_ptr<Workload>> create(runtime::Device& device, const Problem& problem, uint64_t seed);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // What kernels get: device pointers.
  const Tensors& tensors() const { return device_tensors_; }
  // At least `bytes` bytes, between guards; valid until the next call.
  Result<void*> workspace(int64_t bytes);

  // Output and LSE become NaN, and all guards are set: a row that is not written, or written twice as long, shows.
  Result<void> poison();
  // The result in host memory, with the inputs it was made from: for validation. Valid until the next call.
  Result<const Tensors*> fetch();
  // "output" and the like when bytes around a buffer were overwritten since poison().
  Result<std::optional<std::string>> broken_guard();

  // Test hooks: the faults of a wrong kernel.
  Result<void> corrupt_output();
  Result<void> write_past_output();

 private:
  struct Buffer;
  Workload(runtime::Device& device, Problem problem);

  Result<Buffer*> add(std::string name, int64_t bytes, bool guarded);
  Result<void> upload(const Buffer& buffer);
  Result<void> make_inputs(uint64_t seed);
  Result<void> give_codes(const Quantization& request, uint64_t seed);
  Result<void> make_mask(uint64_t seed);
  Result<void> make_extras(uint64_t seed);
  Result<void> make_outputs();
  template <class T>
  Result<std::pair<const T*, const T*>> place(std::string name, const std::vector<T>& values);  // host, device

  runtime::Device& device_;
  Problem problem_;
  bool host_readable_;  // cpu: device memory is host memory, and buffers have no second copy
  Tensors strides_;     // of the problem's layout, no pointers
  Tensors device_tensors_, host_tensors_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  Buffer* output_ = nullptr;
  Buffer* lse_ = nullptr;
  Buffer* workspace_ = nullptr;
};

}  // namespace attune::tuner
