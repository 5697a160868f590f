// Counts heap allocations of the current thread: what "allocates nothing" is held to.
#pragma once

#include <cstdint>

namespace attune::test {

int64_t allocations_of_this_thread();

}  // namespace attune::test
