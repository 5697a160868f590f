// A tensor named on the command line: FILE.npy, FILE.safetensors or FILE.safetensors:NAME.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/files/array.hpp"
#include "cli/files/codes.hpp"
#include "common/result.hpp"

namespace attune::cli {

// `role` is what the option stands for ("q"): the tensor name where none is given, and the start of every error.
Result<Array> load_tensor(const std::string& location, std::string_view role);

// The same for codes of a quantized operand, which load_tensor() refuses.
Result<Codes> load_codes(const std::string& location, std::string_view role);

// One file, by its ending; a .npy file takes one tensor. Written atomically.
Result<void> save_tensors(const std::string& path, const std::vector<std::pair<std::string, const Array*>>& tensors);

// Whether `path` is a name that save_tensors() could write this type to: asked before the work, not after it.
Result<void> check_output_name(const std::string& path, std::string_view role, DType dtype);

}  // namespace attune::cli
