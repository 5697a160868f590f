// Options from named values: the environment as a map, so that tests need not change their own.
#pragma once

#include <map>
#include <string>

#include "runtime/context.hpp"

namespace attune::runtime {

using Environment = std::map<std::string, std::string, std::less<>>;

// What options_from_environment() does for the real one: ATTUNE_* variables, XDG_DATA_HOME, XDG_CACHE_HOME, HOME,
// and for the CUDA libraries VIRTUAL_ENV, CONDA_PREFIX, CUDA_HOME, CUDA_PATH and PATH. An
// empty value counts as unset. invalid_argument names the variable whose value is malformed; unknown ATTUNE_* names are
// warned about, with the nearest known one.
Result<ContextOptions> options_from(const Environment& environment);

}  // namespace attune::runtime
