// attune sample: Q, K and V with the statistics of real models, seeded.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/files/tensor_file.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/sample/sample.hpp"
#include "cli/shape_options.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct SampleArguments {
  ShapeRequest shapes;
  SampleRequest sample;
  std::string out, directory;
};

Result<Report> sample(const SampleArguments& arguments) {
  ATTUNE_TRY(const auto problems, required_problems(arguments.shapes));
  if (problems.size() != 1) {
    return Error(Status::invalid_argument, fmt::format("{} shapes are given; sample takes one", problems.size()));
  }
  const Problem& problem = problems.front();
  if (arguments.out.empty() == arguments.directory.empty()) {
    return Error(Status::invalid_argument,
                 "name either --out FILE.safetensors or --out-dir DIR (for q.npy, k.npy and v.npy)");
  }
  const bool one_file = !arguments.out.empty();
  if (one_file && !arguments.out.ends_with(".safetensors")) {
    return Error(Status::invalid_argument,
                 fmt::format("--out: {} must end in .safetensors; for .npy files use --out-dir DIR", arguments.out));
  }
  const std::filesystem::path directory(arguments.directory);
  if (!one_file) {
    std::error_code failure;  // what went wrong is said by the check below
    std::filesystem::create_directories(directory, failure);
  }
  ATTUNE_CHECK(check_output_name(one_file ? arguments.out : (directory / "q.npy").string(), one_file ? "--out" : "--out-dir",
                                 problem.dtype));
  ATTUNE_TRY(const Sample made, make_sample(problem, arguments.sample));
  const std::pair<std::string, const Array*> tensors[] = {{"q", &made.q}, {"k", &made.k}, {"v", &made.v}};

  Report out;
  out.json = {{"problem", problem_json(problem)},
              {"kind", arguments.sample.kind},
              {"strength", arguments.sample.strength},
              {"seed", arguments.sample.seed},
              {"files", Json::array()}};
  if (one_file) ATTUNE_CHECK(save_tensors(arguments.out, {tensors[0], tensors[1], tensors[2]}));
  for (const auto& [name_of_tensor, array] : tensors) {
    const std::string file = one_file ? arguments.out : (directory / (name_of_tensor + ".npy")).string();
    if (!one_file) ATTUNE_CHECK(save_tensors(file, {{name_of_tensor, array}}));
    out.json["files"].push_back({{"file", file}, {"tensor", name_of_tensor}, {"shape", array->shape()}});
    out.text += fmt::format("{} {} {} {}\n", file, name_of_tensor, shape_text(array->shape()), name(array->dtype()));
  }
  return out;
}

}  // namespace

void add_sample(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "sample", "Writes Q, K and V with the statistics of real models",
                                    "attune sample \"B1 H32/8 S1024 D128 bf16\" --kind llm --out qkv.safetensors");
  const auto a = std::make_shared<SampleArguments>();
  add_shape_options(verb, a->shapes);
  const std::string group = "Data";
  verb.add_option(
          "--kind", a->sample.kind,
          "llm (decoder, with sink and outlier channels), dit (diffusion transformer), fa3 (normal with outliers), normal")
      ->type_name("NAME")
      ->check(CLI::IsMember({"llm", "dit", "fa3", "normal"}))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--strength", a->sample.strength, "llm: sink (default) or mild; dit: plain (default), extreme or hard")
      ->type_name("NAME")
      ->group(group);
  verb.add_flag("!--no-v-bias", a->sample.v_bias, "dit: no channel of V is biased; Q and K stay the same")->group(group);
  verb.add_option("--seed", a->sample.seed, "The same seed gives the same data")
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  verb.add_option("--out", a->out, "One .safetensors file with the tensors q, k and v")->type_name("FILE")->group(group);
  verb.add_option("--out-dir", a->directory, "Directory for q.npy, k.npy and v.npy; made if it is missing")
      ->type_name("DIR")
      ->group(group);
  program.on(verb, [a] { return sample(*a); });
}

}  // namespace attune::cli
