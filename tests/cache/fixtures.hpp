// What the tests of the cache share: places, rows, a second opinion through SQLite itself, and the log.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cache/kernel_store.hpp"
#include "cache/record_store.hpp"
#include "cache/records_json.hpp"
#include "common/hash.hpp"
#include "common/log.hpp"

namespace attune::cache::testing {

namespace fs = std::filesystem;

// A directory of mode 0700 that goes away with the test.
class Place {
 public:
  Place() {
    std::string pattern = (fs::temp_directory_path() / "attune-cache-XXXXXX").native();
    path_ = ::mkdtemp(pattern.data());
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }
  fs::path operator/(std::string_view name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Collects what is logged, and puts the old sink back.
class LogCapture {
 public:
  LogCapture() {
    set_log_level(LogLevel::debug);
    previous_ = set_log_sink([this](LogLevel level, std::string_view message) {
      if (level <= LogLevel::warning) lines_.emplace_back(message);
    });
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() {
    set_log_sink(previous_);
    set_log_level(LogLevel::warning);
  }
  const std::vector<std::string>& lines() const { return lines_; }
  int count(std::string_view part) const {
    int n = 0;
    for (const std::string& line : lines_) n += line.find(part) != std::string::npos ? 1 : 0;
    return n;
  }

 private:
  LogSink previous_;
  std::vector<std::string> lines_;
};

// SQL through a connection of our own, as the sqlite3 program would do it.
class Sql {
 public:
  explicit Sql(const fs::path& file) {
    if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + file.native());
    sqlite3_busy_timeout(handle_, 5000);
  }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;
  ~Sql() { sqlite3_close(handle_); }

  void run(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + message);
    }
  }
  // All rows, columns joined by '|'.
  std::vector<std::string> rows(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle_));
    }
    std::vector<std::string> rows;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      std::string row;
      for (int c = 0; c < sqlite3_column_count(statement); ++c) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, c));
        if (c > 0) row.push_back('|');
        row.append(text == nullptr ? "NULL" : text);
      }
      rows.push_back(row);
    }
    sqlite3_finalize(statement);
    return rows;
  }
  std::string value(const std::string& sql) {
    const auto all = rows(sql);
    return all.empty() ? std::string() : all.front();
  }
  int64_t integer(const std::string& sql) { return std::stoll(value(sql)); }

 private:
  sqlite3* handle_ = nullptr;
};

inline std::string config_text(int config) { return fmt::format(R"({{"block_m":{}}})", config); }

inline TuningKey key_of(const std::string& bucket = "s1024", const std::string& device = "device-a") {
  return {"forward_cpu", 3, R"({"head_dim":64,"type":"f32"})", bucket, device};
}

inline Record record_of(int config, double median_ms, int64_t time = 1000, const TuningKey& key = key_of()) {
  Record record;
  record.key = key;
  record.problem = R"({"batch":1,"heads":8,"seqlen":1024})";
  record.config = config_text(config);
  record.toolchain_id = "toolchain-a";
  record.session_id = "session-a";
  record.status = "ok";
  record.statistics = {11, median_ms * 0.9, median_ms, 0, median_ms * 1.2};
  record.cache_regime = "hot";
  record.validated = true;
  record.max_error = 1e-6;
  record.tolerance = 1e-3;
  record.measured_unix_ms = time;
  return record;
}

inline DeviceRow device_of(const std::string& id, const std::string& kind = "cpu") {
  return {id, kind, "name of " + id, "x86-64-avx512", fmt::format(R"({{"id":"{}"}})", id), 8, 1 << 20, int64_t{1} << 33, 0};
}

inline KernelRow kernel_of(const std::string& name, size_t bytes = 50000, char seed = 0) {
  KernelRow row;
  row.compile_key = sha256_hex(name);
  row.arch = "x86-64-avx512";
  row.compiler = "llvm 19.1";
  row.entries = "attune_forward";
  row.label = "forward_cpu " + name;
  row.compile_ms = 123.5;
  row.registers = 32;
  row.blob.resize(bytes);
  for (size_t i = 0; i < bytes; ++i)
    row.blob[i] = static_cast<char>(i * 131 + i / 251 + name.size() + static_cast<size_t>(seed));
  return row;
}

inline std::unique_ptr<RecordStore> open_records(const fs::path& directory) {
  return RecordStore::open({.user_directory = directory});
}
inline std::unique_ptr<KernelStore> open_kernels(const fs::path& directory) {
  return KernelStore::open({.user_directory = directory});
}

// In one transaction: a commit of its own for each would wait for the disk hundreds of times.
inline void add_at_once(RecordStore& store, const std::vector<Record>& records, const fs::path& file) {
  std::ofstream out(file);
  out << header_line(records.size()) << '\n';
  for (const Record& record : records) out << to_line(record) << '\n';
  out.close();
  ASSERT_EQ(store.import_from(file).value_or(-1), static_cast<int64_t>(records.size()));
}

inline std::vector<std::string> configs_of(const std::vector<StoredRecord>& records) {
  std::vector<std::string> configs;
  for (const StoredRecord& stored : records) configs.push_back(stored.record.config);
  return configs;
}

// The budget of the design, with room for builds that are not made for speed.
inline std::chrono::microseconds find_budget(std::chrono::microseconds budget) {
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  return budget;
#else
  return 30 * budget;
#endif
}

// Files in a directory whose name contains `part`.
inline std::vector<fs::path> files_with(const fs::path& directory, std::string_view part) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().native().find(part) != std::string::npos) files.push_back(entry.path());
  }
  return files;
}

}  // namespace attune::cache::testing
