// What every GPU refuses to launch, said before it is launched and in words. Private to runtime/.
#pragma once

#include <span>

#include "common/result.hpp"
#include "generator/family.hpp"

namespace attune::runtime {

// Grid, block, cluster and dynamic shared memory of launches that are to run on `device`. resources_exceeded names the
// entry and the limit.
Result<void> check_launches(std::span<const Launch> launches, const DeviceClass& device);

}  // namespace attune::runtime
