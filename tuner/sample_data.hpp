// Seeded inputs with the traits of real attention: channel means, a few outlier channels, and a first key of small norm.
#pragma once

#include <cstdint>
#include <vector>

#include "common/thread_pool.hpp"
#include "generator/problem.hpp"

namespace attune::tuner {

enum class Role { query, key, value };

// Fills `rows` x `heads` x `head_dim` elements at data[row * stride_row + head * stride_head + d] (strides in elements).
// Same arguments, same bytes, whatever the number of threads. `data` has room for all of it.
void fill_sample(ThreadPool& pool, Role role, DType dtype, void* data, int64_t rows, int64_t heads, int64_t head_dim,
                 int64_t stride_row, int64_t stride_head, uint64_t seed);

struct HostLists {
  std::vector<int32_t> counts, indices;
  std::vector<int64_t> row_ptr;
};
// Block lists of half density: query block i visits every second KV block, starting at i % 2. With both kinds wanted, full
// and partial blocks alternate among them.
void fill_lists(const Problem& problem, HostLists& full, HostLists& partial);

// Cumulative lengths of `batch` sequences that share `total` rows evenly: batch + 1 numbers.
std::vector<int32_t> even_lengths(int64_t batch, int64_t total);

}  // namespace attune::tuner
