// Plain-text tables: numbers to the right, words to the left, columns as wide as they need.
#pragma once

#include <string>
#include <vector>

namespace attune::cli {

class Table {
 public:
  // A heading that starts with '>' is aligned right.
  explicit Table(std::vector<std::string> headings);
  // One cell per heading.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace attune::cli
