// From what a user names to problems.
#include "cli/shapes/shape_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/files/byte_source.hpp"
#include "cli/shapes/grammar.hpp"
#include "cli/shapes/presets.hpp"
#include "cli/shapes/words.hpp"

namespace attune::cli {
namespace {

constexpr int64_t max_file_bytes = 16 << 20;

bool looks_like_a_preset(std::string_view word) {
  // Names of models hold no space and no parenthesis, and do not start like a size ("B1", "32/8").
  if (word.empty() || word.find_first_of(" \t(),") != std::string_view::npos) return false;
  const auto digit = [&](size_t i) { return word.size() > i && word[i] >= '0' && word[i] <= '9'; };
  return !digit(0) && !(std::string_view("BHSDbhsd").find(word[0]) != std::string_view::npos && digit(1));
}

Result<std::vector<Problem>> read_word(std::string_view word) {
  word = trim(word);
  if (const Preset* preset = find_preset(word)) {
    std::vector<Problem> problems;
    for (const std::string_view shape : preset->shapes) {
      ATTUNE_TRY(auto problem, parse_shape(shape));
      problems.push_back(std::move(problem));
    }
    return problems;
  }
  if (!word.empty() && word.front() == '{') {
    ATTUNE_TRY(auto problem, problem_from_json(word));
    ATTUNE_CHECK(validate(problem));
    return std::vector<Problem>{std::move(problem)};
  }
  auto problem = parse_shape(word);
  if (problem) return std::vector<Problem>{*std::move(problem)};
  if (!looks_like_a_preset(word)) return problem.error();
  std::string names;
  for (const Preset& preset : presets()) names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
  return Error(Status::invalid_argument,
               fmt::format("shape \"{}\": neither a shape nor a preset; presets are {}", printable(word), names));
}

Result<void> append(std::string_view word, std::vector<Problem>& problems) {
  ATTUNE_TRY(auto read, read_word(word));
  for (Problem& problem : read) problems.push_back(std::move(problem));
  return {};
}

}  // namespace

Result<std::vector<Problem>> problems_of_text(std::string_view text) {
  std::vector<Problem> problems;
  int64_t number = 0;
  for (std::string_view line : split_at(text, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (auto added = append(line, problems); !added) return added.error().within(fmt::format("line {}", number));
  }
  return problems;
}

Result<std::vector<Problem>> problems_of(const ShapeRequest& request) {
  std::vector<Problem> problems;
  for (const std::string& word : request.words) ATTUNE_CHECK(append(word, problems));
  for (const std::string& json : request.problems_json) {
    if (auto added = append(json, problems); !added) return added.error().within("--problem");
  }
  if (!request.file.empty()) {
    ATTUNE_TRY(const auto source, open_file(request.file));
    if (source->size_bytes() > max_file_bytes) {
      return Error(Status::invalid_argument,
                   fmt::format("{}: a shapes file may have up to {} bytes; split it", request.file, max_file_bytes));
    }
    std::string text(static_cast<size_t>(source->size_bytes()), '\0');
    ATTUNE_CHECK(source->read(0, text.data(), source->size_bytes()));
    auto listed = problems_of_text(text);
    if (!listed) return listed.error().within(request.file);
    for (Problem& problem : *listed) problems.push_back(std::move(problem));
  }
  if (!request.dtype.empty()) {
    ATTUNE_TRY(const DType dtype, parse_dtype(request.dtype));
    for (Problem& problem : problems) problem.dtype = dtype;
  }
  if (request.max_seqlen > 0) {
    for (Problem& problem : problems) {
      if (problem.mask.kind != MaskKind::none || problem.varlen || problem.sparsity.kind != SparsityKind::none) continue;
      problem.seqlen_q = std::min(problem.seqlen_q, request.max_seqlen);
      problem.seqlen_kv = std::min(problem.seqlen_kv, request.max_seqlen);
    }
  }
  std::vector<Problem> unique;
  for (Problem& problem : problems) {
    if (auto fine = validate(problem); !fine) return fine.error().within(to_text(problem));
    if (std::find(unique.begin(), unique.end(), problem) == unique.end()) unique.push_back(std::move(problem));
  }
  return unique;
}

}  // namespace attune::cli
