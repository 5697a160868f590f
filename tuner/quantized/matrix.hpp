// A dense matrix of floats: one head of Q, K, V or O.
#pragma once

#include <cstdint>
#include <vector>

namespace attune::tuner::quantized {

struct Matrix {
  Matrix() = default;
  Matrix(int64_t rows_, int64_t columns_) : rows(rows_), columns(columns_), values(static_cast<size_t>(rows_ * columns_)) {}

  int64_t rows = 0, columns = 0;
  std::vector<float> values;

  float* row(int64_t i) { return values.data() + i * columns; }
  const float* row(int64_t i) const { return values.data() + i * columns; }
};

}  // namespace attune::tuner::quantized
