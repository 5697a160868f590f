// Options of every verb that takes shapes.
#include "cli/shape_options.hpp"

#include <CLI/CLI.hpp>

namespace attune::cli {

void add_shape_options(CLI::App& verb, ShapeRequest& request) {
  const std::string group = "Shapes";
  verb.add_option(
          "SHAPE", request.words,
          "A shape in quotes (\"B1 H32/8 S2048 D128 bf16 causal\" or \"(1,32/8,2048,128,bf16,causal)\"), or a preset: "
          "llama3-8b, wan2.1-14b, hunyuanvideo, cogvideox-2b, flux, vit-b")
      ->type_name("TEXT ...");
  verb.add_option("--shapes-file", request.file, "Shapes from a file, one a line; '#' starts a comment")
      ->type_name("FILE")
      ->group(group);
  verb.add_option("--problem", request.problems_json, "A problem as canonical JSON, as --json prints it")
      ->type_name("JSON")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  verb.add_option("--dtype", request.dtype, "Element type of every shape, instead of its own: fp32, fp16 or bf16")
      ->type_name("TYPE")
      ->group(group);
  verb.add_option("--max-seqlen", request.max_seqlen, "Clips the lengths of every dense shape to N")
      ->type_name("N")
      ->check(CLI::PositiveNumber)
      ->group(group);
}

Result<std::vector<Problem>> required_problems(const ShapeRequest& request) {
  ATTUNE_TRY(auto problems, problems_of(request));
  if (problems.empty()) {
    return Error(Status::invalid_argument,
                 "no shape is given; name one, for example \"B1 H32/8 S2048 D128 bf16 causal\", or a preset such as vit-b");
  }
  return problems;
}

}  // namespace attune::cli
