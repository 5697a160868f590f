// The memory that one call may touch, for devices that check every access. Private to runtime/.
#pragma once

#include <vector>

#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "runtime/device.hpp"

namespace attune::runtime {

// The exact extents of every tensor of the problem, from its strides, and of the workspace: outputs and workspace writable,
// inputs not. Tensors without elements have no region. Requires validate(problem, tensors).
std::vector<MemoryRegion> memory_regions(const Problem& problem, const Tensors& tensors, void* workspace,
                                         int64_t workspace_bytes);

}  // namespace attune::runtime
