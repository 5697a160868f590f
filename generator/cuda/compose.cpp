#include "generator/cuda/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "generator/cuda/templates.hpp"

namespace attune::cuda {
namespace {

constexpr std::string_view include_prefix = "#include \"";
constexpr std::string_view constants_file = "sample_constants.cuh", quantization_file = "sample_quantization.cuh";

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

class Composer {
 public:
  explicit Composer(const Composition& composition) : composition_(composition) {}

  // What a file includes stands before it; a second time it is left out, as #pragma once would.
  Result<void> add(std::string name) {
    if (const auto choice = composition_.choices.find(name); choice != composition_.choices.end()) name = choice->second;
    if (!added_.insert(name).second) return {};
    if (name == constants_file || name == quantization_file) {
      append(name == constants_file ? composition_.constants : composition_.quantization);
      return {};
    }
    const auto all = templates();
    const auto file = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == name; });
    if (file == all.end()) {
      return Error(Status::internal, fmt::format("templates/{} is not part of this build: report this bug.", name));
    }
    std::string body;
    for (std::string_view rest = file->second; !rest.empty();) {
      const std::string_view line = next_line(rest);
      if (line.starts_with(include_prefix)) {
        const std::string_view included = line.substr(include_prefix.size());
        ATTUNE_CHECK(add(std::string(included.substr(0, included.find('"')))));
      } else if (line != "#pragma once") {
        body.append(line).push_back('\n');
      }
    }
    append(body);
    return {};
  }

  // Blocks are parted by one blank line, and have none twice in a row.
  void append(std::string_view block) {
    if (!text_.empty()) text_.push_back('\n');
    bool blank = true;
    for (std::string_view rest = block; !rest.empty();) {
      const std::string_view line = next_line(rest);
      if (line.empty() && blank) continue;
      blank = line.empty();
      text_.append(line).push_back('\n');
    }
    while (text_.ends_with("\n\n")) text_.pop_back();
  }

  std::string take() { return std::move(text_); }

 private:
  const Composition& composition_;
  std::set<std::string, std::less<>> added_;
  std::string text_;
};

}  // namespace

Result<std::string> compose(const Composition& composition) {
  Composer composer(composition);
  std::string header;
  for (std::string_view rest = composition.header; !rest.empty();) header += fmt::format("// {}\n", next_line(rest));
  composer.append(header);
  for (const std::string& root : composition.roots) ATTUNE_CHECK(composer.add(root));
  return composer.take();
}

Constants& Constants::open(std::string_view space) {
  text_ += fmt::format("{}namespace {} {{\n", text_.empty() ? "" : "\n", space);
  space_ = space;
  return *this;
}

Constants& Constants::close() {
  text_ += fmt::format("}}  // namespace {}\n", space_);
  return *this;
}

Constants& Constants::line(std::string_view text) {
  text_ += fmt::format("{}\n", text);
  return *this;
}

Constants& Constants::number(std::string_view name, int64_t value) {
  text_ += fmt::format("constexpr int {} = {};\n", name, value);
  return *this;
}

Constants& Constants::real(std::string_view name, float value) {
  // With a point, so that it is no integer: 127 is written 127.0f.
  text_ += fmt::format("constexpr float {} = {:#}f;\n", name, value);
  return *this;
}

Constants& Constants::flag(std::string_view name, bool value) {
  text_ += fmt::format("constexpr bool {} = {};\n", name, value);
  return *this;
}

Constants& Constants::choice(std::string_view type, std::string_view values, std::string_view name, std::string_view value) {
  text_ += fmt::format("enum class {0} {{ {1} }};\nconstexpr {0} {2} = {0}::{3};\n", type, values, name, value);
  return *this;
}

}  // namespace attune::cuda
