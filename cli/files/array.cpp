// Allocation and scans of file tensors.
#include "cli/files/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

namespace attune::cli {
namespace {

constexpr size_t alignment_bytes = 64;
constexpr size_t max_rank = 32;  // as NumPy's

struct NonFinite {
  int64_t nan = 0, infinite = 0;
};

// Exponent all ones: infinite when the mantissa is zero, NaN otherwise.
template <class Word>
NonFinite scan(const Array& array, Word exponent, Word mantissa) {
  NonFinite found;
  const auto* words = array.as<Word>();
  for (int64_t i = 0; i < array.count(); ++i) {
    if ((words[i] & exponent) != exponent) continue;
    ++((words[i] & mantissa) != 0 ? found.nan : found.infinite);
  }
  return found;
}

NonFinite scan(const Array& array) {
  switch (array.dtype()) {
    case DType::f32: return scan<uint32_t>(array, 0x7f800000u, 0x007fffffu);
    case DType::f16: return scan<uint16_t>(array, 0x7c00u, 0x03ffu);
    case DType::bf16: return scan<uint16_t>(array, 0x7f80u, 0x007fu);
    case DType::boolean:
    case DType::i32:
    case DType::i64: return {};
  }
  return {};
}

}  // namespace

Result<int64_t> element_count(const std::vector<int64_t>& shape, int64_t element_bytes) {
  if (shape.size() > max_rank) {
    return Error(Status::invalid_argument,
                 fmt::format("shape has {} dimensions; at most {} are read", shape.size(), max_rank));
  }
  int64_t bytes = element_bytes;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0) {
      return Error(Status::invalid_argument, fmt::format("shape {} has a negative extent", shape_text(shape)));
    }
    // A zero extent must not hide an overflow of the others.
    if (extent == 0) empty = true;
    if (extent > 0 && __builtin_mul_overflow(bytes, extent, &bytes)) {
      return Error(Status::invalid_argument,
                   fmt::format("shape {} needs more bytes than fit in 63 bits; check the file", shape_text(shape)));
    }
  }
  return empty ? 0 : bytes / element_bytes;
}

Result<Array> Array::allocate(DType dtype, std::vector<int64_t> shape) {
  ATTUNE_TRY(const int64_t count, element_count(shape, size_bytes(dtype)));
  const auto bytes = static_cast<size_t>(count * size_bytes(dtype));
  const size_t rounded = (bytes / alignment_bytes + 1) * alignment_bytes;
  Array array;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  array.count_ = count;
  array.data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment_bytes, rounded)));
  if (array.data_ == nullptr) {
    return Error(Status::out_of_memory,
                 fmt::format("{} bytes for a tensor of shape {} could not be allocated; use a smaller problem", bytes,
                             shape_text(array.shape_)));
  }
  return array;
}

std::string shape_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

int64_t count_non_finite(const Array& array) {
  const NonFinite found = scan(array);
  return found.nan + found.infinite;
}

int64_t count_nan(const Array& array) { return scan(array).nan; }

}  // namespace attune::cli
