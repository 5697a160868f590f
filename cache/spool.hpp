// The spool: rows as small immutable files, for directories where SQLite may not write (network file systems, forked
// children). Folded into a database later. Private to cache/.
#pragma once

#include <filesystem>
#include <vector>

#include "cache/rows.hpp"

namespace attune::cache {

// <user directory>/records.spool
std::filesystem::path spool_directory(const std::filesystem::path& user_directory);

// Each row becomes <sha256 of the line>.json, written to a private name and renamed: a reader sees all of it or nothing, and
// two writers of one row write one file.
Result<void> write_spool(const std::filesystem::path& directory, const RowBatch& batch);

struct SpoolContents {
  RowBatch rows;
  std::vector<std::filesystem::path> files;    // what `rows` came from
  std::vector<std::filesystem::path> damaged;  // not what their name says, or not ours: left alone
  bool more = false;                           // there are more files than are read at once
};
// A directory that is missing is an empty spool.
SpoolContents read_spool(const std::filesystem::path& directory);

// After their rows are committed elsewhere. A file that another process removed first is no error.
void remove_spool_files(const std::vector<std::filesystem::path>& files);

}  // namespace attune::cache
