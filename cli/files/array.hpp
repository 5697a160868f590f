// A tensor read from or written to a file: contiguous, C order, 64-byte aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"

namespace attune::cli {

class Array {
 public:
  Array() = default;
  // Uninitialised memory. out_of_memory names the size; invalid_argument when the byte count overflows 63 bits.
  static Result<Array> allocate(DType dtype, std::vector<int64_t> shape);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t count() const { return count_; }
  int64_t bytes() const { return count_ * size_bytes(dtype_); }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(data_.get());
  }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  DType dtype_ = DType::f32;
  std::vector<int64_t> shape_;
  int64_t count_ = 0;
  std::unique_ptr<std::byte[], Free> data_;
};

// "[1, 32, 2048, 128]".
std::string shape_text(const std::vector<int64_t>& shape);

// Elements of a shape; invalid_argument for a negative extent, more than 32 dimensions, or a byte count beyond 63 bits.
Result<int64_t> element_count(const std::vector<int64_t>& shape, int64_t element_bytes);

// How many values of a floating-point array are NaN or infinite; 0 for the other types.
int64_t count_non_finite(const Array& array);
// How many values of a floating-point array are NaN; 0 for the other types.
int64_t count_nan(const Array& array);

}  // namespace attune::cli
