// attune support: which features which family does on which architecture, asked of the families themselves.
#include "cli/verbs/support.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/verbs/verbs.hpp"
#include "generator/support.hpp"
#include "runtime/gpu_parts.hpp"

namespace attune::cli {
namespace {

struct SupportArguments {
  std::string family, arch;
  bool markdown = false;
};

// Every architecture that kernels are emitted for, whatever this machine has.
std::vector<DeviceClass> all_devices() {
  std::vector<DeviceClass> devices;
  for (const char* arch :
       {"x86-64-avx512bf16", "x86-64-avx512vnni", "x86-64-avx512", "x86-64-avxvnni", "x86-64-avx2", "portable"}) {
    DeviceClass cpu;
    cpu.kind = cpu.name = "cpu";
    cpu.arch = arch;
    cpu.l2_bytes = 1 << 20;
    devices.push_back(cpu);
  }
  for (const runtime::GpuPart& part : runtime::gpu_parts()) devices.push_back(runtime::emulated_device_class(part));
  return devices;
}

std::string names(const std::vector<DType>& dtypes) {
  std::vector<std::string_view> words;
  for (const DType dtype : dtypes) words.push_back(name(dtype));
  return fmt::format("{}", fmt::join(words, ", "));
}

// The columns of one family, and the refusals that its cells refer to by number.
class FamilyTable {
 public:
  explicit FamilyTable(std::vector<SupportColumn> columns) : columns_(std::move(columns)) {
    const auto& features = support_features();
    for (size_t row = 0; row < features.size(); ++row) {
      const SupportFeature& feature = features[row];
      std::vector<std::string> cells{feature.meaning.empty() ? std::string(feature.name)
                                                             : fmt::format("{} ({})", feature.name, feature.meaning)};
      for (const SupportColumn& column : columns_) cells.push_back(text(column.cells[row], column.cells.front().dtypes));
      rows_.push_back(std::move(cells));
    }
  }

  const Family& family() const { return *columns_.front().family; }
  const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  const std::vector<std::string>& reasons() const { return reasons_; }
  std::vector<std::string> headings() const {
    std::vector<std::string> all{"feature"};
    for (const SupportColumn& column : columns_) all.push_back(fmt::format("{}", fmt::join(column.archs, ", ")));
    return all;
  }
  bool runs_on_gpus() const { return columns_.front().archs.front().starts_with("sm_"); }

 private:
  // "yes" is: in every dtype in which the family does plain attention. The first row says which these are.
  std::string text(const SupportCell& cell, const std::vector<DType>& usual) {
    if (cell.dtypes.empty()) return fmt::format("no ({})", number(cell.reason));
    if (!rows_.empty() && cell.dtypes == usual) return "yes";
    if (cell.reason.empty()) return names(cell.dtypes);
    return fmt::format("{} ({})", names(cell.dtypes), number(cell.reason));
  }
  size_t number(const std::string& reason) {
    const auto found = std::find(reasons_.begin(), reasons_.end(), reason);
    if (found != reasons_.end()) return static_cast<size_t>(found - reasons_.begin()) + 1;
    reasons_.push_back(reason);
    return reasons_.size();
  }

  std::vector<SupportColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> reasons_;
};

std::vector<FamilyTable> tables(const std::vector<SupportColumn>& matrix) {
  std::vector<FamilyTable> all;
  for (const Family* family : families()) {
    std::vector<SupportColumn> columns;
    std::copy_if(matrix.begin(), matrix.end(), std::back_inserter(columns),
                 [&](const SupportColumn& column) { return column.family == family; });
    if (!columns.empty()) all.emplace_back(std::move(columns));
  }
  return all;
}

std::string verification(const FamilyTable& table) {
  if (!table.runs_on_gpus()) {
    return "run on every instruction set that the machine running the tests has, against attention in double";
  }
  return fmt::format(
      "run on the emulator as {}, against attention in double, with its checkers on; compiled for every architecture",
      fmt::join(emulated_in_tests(), ", "));
}

std::string as_text(const std::vector<SupportColumn>& matrix) {
  std::string text;
  for (const FamilyTable& family : tables(matrix)) {
    text += fmt::format("{}{} version {}\n\n", text.empty() ? "" : "\n", family.family().name(), family.family().version());
    Table table(family.headings());
    for (const auto& row : family.rows()) table.add(row);
    text += table.text();
    for (size_t n = 0; n < family.reasons().size(); ++n) {
      text += fmt::format("{}({}) {}\n", n == 0 ? "\n" : "", n + 1, family.reasons()[n]);
    }
    text += fmt::format("\nverified: {}\n", verification(family));
  }
  return text;
}

std::string as_markdown(const std::vector<SupportColumn>& matrix) {
  std::string text;
  for (const FamilyTable& family : tables(matrix)) {
    const std::vector<std::string> headings = family.headings();
    text += fmt::format("\n## {} (version {})\n\n| {} |\n|", family.family().name(), family.family().version(),
                        fmt::join(headings, " | "));
    for (size_t n = 0; n < headings.size(); ++n) text += "---|";
    text += '\n';
    for (const auto& row : family.rows()) text += fmt::format("| {} |\n", fmt::join(row, " | "));
    for (size_t n = 0; n < family.reasons().size(); ++n) {
      text += fmt::format("{}{}. {}\n", n == 0 ? "\n" : "", n + 1, family.reasons()[n]);
    }
    text += fmt::format("\nVerified: {}.\n", verification(family));
  }
  return text;
}

Json as_json(const std::vector<SupportColumn>& matrix) {
  Json list = Json::array();
  for (const SupportColumn& column : matrix) {
    Json features = Json::array();
    for (size_t n = 0; n < column.cells.size(); ++n) {
      Json dtypes = Json::array();
      for (const DType dtype : column.cells[n].dtypes) dtypes.push_back(name(dtype));
      Json feature = {{"name", support_features()[n].name}, {"dtypes", std::move(dtypes)}};
      if (!column.cells[n].reason.empty()) feature["reason"] = column.cells[n].reason;
      features.push_back(std::move(feature));
    }
    list.push_back({{"family", column.family->name()},
                    {"version", column.family->version()},
                    {"archs", column.archs},
                    {"features", std::move(features)}});
  }
  return list;
}

Result<Report> support(const SupportArguments& arguments) {
  std::vector<DeviceClass> devices = all_devices();
  if (!arguments.arch.empty()) {
    std::erase_if(devices, [&](const DeviceClass& device) {
      return device.arch != arguments.arch && device.arch != arguments.arch + "a" && device.kind != arguments.arch;
    });
    if (devices.empty()) {
      return Error(Status::invalid_argument,
                   fmt::format("--arch: kernels are not emitted for '{}'; give cpu, an instruction set or an architecture "
                               "such as sm_90a that `attune support` lists",
                               arguments.arch));
    }
  }
  if (!arguments.family.empty() && find_family(arguments.family) == nullptr) {
    std::vector<std::string_view> known;
    for (const Family* family : families()) known.push_back(family->name());
    return Error(Status::invalid_argument,
                 fmt::format("--family: there is no family '{}'; give one of {}", arguments.family, fmt::join(known, ", ")));
  }
  std::vector<SupportColumn> matrix = support_matrix(devices);
  std::erase_if(matrix, [&](const SupportColumn& column) {
    return !arguments.family.empty() && column.family->name() != arguments.family;
  });
  Report out;
  out.json["families"] = as_json(matrix);
  out.text = arguments.markdown ? as_markdown(matrix) : as_text(matrix);
  return out;
}

}  // namespace

std::string support_page() {
  return "# What is supported\n\n"
         "Generated by `attune docs --what support`; a test keeps this page equal to the program, and the program asks the\n"
         "families. \"yes\" is: in every dtype of the first row. The number in a refusal is that of the family's own words "
         "below\n"
         "the table. Where one family refuses, another may serve: `attune explain SHAPE` says which one is chosen on a "
         "device.\n" +
         as_markdown(support_matrix(all_devices()));
}

void add_support(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "support", "Says which features work on which architecture, and why others do not",
                                    "attune support --arch sm_90a");
  const auto a = std::make_shared<SupportArguments>();
  verb.add_option("--arch", a->arch, "Only this architecture: cpu, an instruction set, or sm_XX")->type_name("NAME");
  verb.add_option("--family", a->family, "Only this family of kernels")->type_name("NAME");
  verb.add_flag("--markdown", a->markdown, "Tables in Markdown");
  program.on(verb, [a] { return support(*a); });
}

}  // namespace attune::cli
