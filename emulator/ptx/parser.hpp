// PTX text -> ptx::Module.
#pragma once

#include <string_view>

#include "common/result.hpp"
#include "emulator/ptx/module.hpp"

namespace attune::emulator::ptx {

// Status::invalid_argument with the PTX line for what is not PTX; Status::unsupported for directives that are not modelled.
Result<Module> parse(std::string_view source);

}  // namespace attune::emulator::ptx
