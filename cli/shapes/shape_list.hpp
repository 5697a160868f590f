// From what a user names (shapes, presets, files, canonical JSON) to problems.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"

namespace attune::cli {

struct ShapeRequest {
  std::vector<std::string> words;          // shapes in the grammar, preset names, or canonical JSON ("{...}")
  std::string file;                        // one of the same a line; '#' starts a comment
  std::vector<std::string> problems_json;  // canonical JSON of problems
  std::string dtype;                       // overrides the element type of every shape when not empty
  int64_t max_seqlen = 0;                  // clips both lengths when not 0
};

// In order of mention, duplicates removed. invalid_argument names the shape, and the line of a file.
Result<std::vector<Problem>> problems_of(const ShapeRequest& request);

// The shapes of a file's text, for the reader above and for fuzzing.
Result<std::vector<Problem>> problems_of_text(std::string_view text);

}  // namespace attune::cli
