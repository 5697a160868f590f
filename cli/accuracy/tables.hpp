// The tables of `attune accuracy`: which variants stand beside each other on which data, and what was published for them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "cli/accuracy/study.hpp"

namespace attune::cli {

struct AccuracyRow {
  Variant variant;
  std::string published;  // "CosSim / relative L1 / RMSE" as printed in the papers, on their own activations; may be empty
};

struct AccuracyTable {
  std::string name, title;
  std::string remark;  // what it shows, and what the published column was measured on
  std::vector<std::string> data;
  std::vector<AccuracyRow> rows;
};

std::vector<AccuracyTable> accuracy_tables();

// The results of one table: metrics[row][data].
struct MeasuredTable {
  AccuracyTable table;
  std::vector<std::vector<tuner::quantized::ErrorMetrics>> metrics;
};

// Measures tables one after the other; data and variants that return are computed once. `progress` hears the name of the
// data that is begun.
class AccuracyRun {
 public:
  AccuracyRun(const StudySize& size, ThreadPool& pool, std::function<void(const std::string&)> progress)
      : size_(size), pool_(pool), progress_(std::move(progress)) {}
  Result<std::vector<MeasuredTable>> measure(const std::vector<AccuracyTable>& tables);

 private:
  using Key = std::tuple<std::string, std::string, int, bool>;
  StudySize size_;
  ThreadPool& pool_;
  std::function<void(const std::string&)> progress_;
  std::map<Key, tuner::quantized::ErrorMetrics> known_;
};

// A request on all data, as a table of one row.
AccuracyTable single_table(const Quantization& request);

}  // namespace attune::cli
