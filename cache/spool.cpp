#include "cache/spool.hpp"

#include <fmt/format.h>

#include <string>
#include <system_error>

#include "cache/records_json.hpp"
#include "common/files.hpp"
#include "common/hash.hpp"

namespace attune::cache {
namespace {

namespace fs = std::filesystem;

// A file is one line of at most a few fields; a fold is one transaction of at most this many rows.
constexpr uintmax_t max_file_bytes = 4 << 20;
constexpr size_t max_files = 20000;
constexpr std::string_view extension = ".json";

Result<void> write_line(const fs::path& directory, const std::string& line) {
  const fs::path file = directory / (sha256_hex(line) + std::string(extension));
  std::error_code error;
  if (fs::exists(file, error)) return {};
  return write_file_atomically(file, line);
}

template <class Row>
Result<void> write_rows(const fs::path& directory, const std::vector<Row>& rows) {
  for (const Row& row : rows) ATTUNE_CHECK(write_line(directory, to_line(row)));
  return {};
}

bool read_one(const fs::path& file, RowBatch& rows) {
  std::error_code error;
  if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > max_file_bytes || error) return false;
  const auto line = read_file(file);
  return line.ok() && file.stem() == sha256_hex(*line) && parse_line(*line, rows).ok();
}

}  // namespace

fs::path spool_directory(const fs::path& user_directory) { return user_directory / "records.spool"; }

Result<void> write_spool(const fs::path& directory, const RowBatch& batch) {
  ATTUNE_CHECK(ensure_private_directory(directory));
  ATTUNE_CHECK(write_rows(directory, batch.devices));
  ATTUNE_CHECK(write_rows(directory, batch.toolchains));
  ATTUNE_CHECK(write_rows(directory, batch.sessions));
  ATTUNE_CHECK(write_rows(directory, batch.records));
  return write_rows(directory, batch.bad);
}

SpoolContents read_spool(const fs::path& directory) {
  SpoolContents contents;
  std::error_code error;
  if (!fs::is_directory(directory, error) || !ensure_private_directory(directory).ok()) return contents;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != extension) continue;
    if (contents.files.size() == max_files) {
      contents.more = true;
      break;
    }
    auto& list = read_one(entry->path(), contents.rows) ? contents.files : contents.damaged;
    list.push_back(entry->path());
  }
  return contents;
}

void remove_spool_files(const std::vector<fs::path>& files) {
  std::error_code ignored;
  for (const fs::path& file : files) fs::remove(file, ignored);
}

}  // namespace attune::cache
