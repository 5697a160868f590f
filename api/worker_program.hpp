// The program that measures on behalf of this library.
#pragma once

#include <string>

namespace attune::api {

// The `attune` program of the installation this shared library belongs to; empty when there is none. The tuner's own
// default, the running executable, is somebody else's program here.
std::string installed_program();

}  // namespace attune::api
