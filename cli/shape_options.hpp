// Options of every verb that takes shapes.
#pragma once

#include "cli/shapes/shape_list.hpp"

namespace CLI {
class App;
}

namespace attune::cli {

// Positional shapes, --shapes-file, --problem, --dtype and --max-seqlen.
void add_shape_options(CLI::App& verb, ShapeRequest& request);

// At least one problem, or invalid_argument that says how to name one.
Result<std::vector<Problem>> required_problems(const ShapeRequest& request);

}  // namespace attune::cli
