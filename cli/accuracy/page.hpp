// The measured tables as text for a terminal and as docs/accuracy.md.
#pragma once

#include <string>
#include <vector>

#include "cli/accuracy/tables.hpp"

namespace attune::cli {

std::string accuracy_text(const std::vector<MeasuredTable>& tables);

// `when_and_where`: "2026-11-21, AMD EPYC", as it is printed.
std::string accuracy_page(const std::vector<MeasuredTable>& tables, const StudySize& size,
                          const std::string& when_and_where);

// "0.99929 / 0.0376 / 1.92e-03".
std::string metrics_text(const tuner::quantized::ErrorMetrics& metrics);

}  // namespace attune::cli
