// Copies what SQLite can still read out of a damaged record database. Private to cache/.
#pragma once

#include <filesystem>

#include "cache/sqlite.hpp"
#include "common/result.hpp"

namespace attune::cache {

// Row by row, from every table in `damaged` to the same table of `target`: forward from the first row, backward from the
// last, then each row number in between on its own. A damaged page costs the rows on it. Rows that do not add up (checksum,
// missing key or problem) are dropped. Returns how many records were saved. The data in `damaged` stays as it is.
Result<int64_t> salvage_records(const std::filesystem::path& damaged, sqlite::Connection& target);

}  // namespace attune::cache
