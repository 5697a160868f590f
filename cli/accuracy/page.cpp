// Printing.
#include "cli/accuracy/page.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace attune::cli {
namespace {

bool has_published(const AccuracyTable& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const AccuracyRow& row) { return !row.published.empty(); });
}

std::string quoted(const std::string& name) {
  // Names of requests are code; the variants of the sink table are words.
  const bool words = name.find(' ') != std::string::npos && !name.ends_with(" *");
  if (words) return name;
  return name.ends_with(" *") ? fmt::format("`{}` *", name.substr(0, name.size() - 2)) : fmt::format("`{}`", name);
}

}  // namespace

std::string metrics_text(const tuner::quantized::ErrorMetrics& m) {
  return fmt::format("{:.5f} / {:.4f} / {:.2e}", m.cosine, m.relative_l1, m.rmse);
}

std::string accuracy_text(const std::vector<MeasuredTable>& tables) {
  std::string text = "CosSim / relative L1 / RMSE against attention in double\n";
  for (const MeasuredTable& measured : tables) {
    const AccuracyTable& table = measured.table;
    size_t width = 0;
    for (const AccuracyRow& row : table.rows) width = std::max(width, row.variant.name.size());
    text += fmt::format("\n{}: {}\n", table.name, table.title);
    for (size_t d = 0; d < table.data.size(); ++d) {
      text += fmt::format("  {}\n", table.data[d]);
      for (size_t r = 0; r < table.rows.size(); ++r) {
        text += fmt::format("    {:<{}}  {}\n", table.rows[r].variant.name, width, metrics_text(measured.metrics[r][d]));
      }
    }
  }
  return text;
}

std::string accuracy_page(const std::vector<MeasuredTable>& tables, const StudySize& size,
                          const std::string& when_and_where) {
  std::string text = fmt::format(
      "# Accuracy of quantized attention\n\n"
      "Written by `attune accuracy --markdown`; measured {}.\n\n"
      "Each cell is CosSim / relative L1 / RMSE of the exact model of a request against attention in double, over all "
      "elements "
      "of O:\n"
      "`sum(O O') / (|O| |O'|)`, `sum |O - O'| / sum |O|`, `sqrt(mean((O - O')^2))`. The model is the arithmetic that "
      "kernels for "
      "the\nrequest are held to; no kernel runs here, so the numbers are those of every device. Inputs are {} (rounded "
      "before the "
      "reference\nis computed), {} keys and queries, {} heads, seed {}; key tiles of 64, query blocks of 128.\n\n"
      "| data | head dim | what |\n|---|---|---|\n",
      when_and_where, name(size.dtype), size.seqlen, size.heads, size.seed);
  for (const DataSet& data : data_sets()) {
    text += fmt::format("| `{}` | {} | {} |\n", data.name, size.head_dim > 0 ? size.head_dim : data.head_dim, data.meaning);
  }
  text +=
      "\nA bias of V inflates the cosine, so `dit` is also given without it. Published numbers are those of the "
      "SageAttention papers "
      "on\nactivations that cannot be had here: their order and rough size is what compares.\n";
  for (const MeasuredTable& measured : tables) {
    const AccuracyTable& table = measured.table;
    text += fmt::format("\n## {}\n\n", table.title);
    if (!table.remark.empty()) text += table.remark + "\n\n";
    text += "| request |";
    for (const std::string& data : table.data) text += fmt::format(" {} |", data);
    if (has_published(table)) text += " published |";
    text += "\n|---|";
    for (size_t n = 0; n < table.data.size() + (has_published(table) ? 1 : 0); ++n) text += "---|";
    text += '\n';
    for (size_t r = 0; r < table.rows.size(); ++r) {
      text += fmt::format("| {} |", quoted(table.rows[r].variant.name));
      for (const auto& cell : measured.metrics[r]) text += fmt::format(" {} |", metrics_text(cell));
      if (has_published(table)) text += fmt::format(" {} |", table.rows[r].published);
      text += '\n';
    }
  }
  return text;
}

}  // namespace attune::cli
