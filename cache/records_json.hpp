// Rows as JSON lines: the format of export, import and the spool. Private to cache/, but for the fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "cache/rows.hpp"

namespace attune::cache {

// {"format":"attune-records","schema":2,"rows":N}: N lines follow, so a file that was cut off is told from a whole one.
std::string header_line(size_t rows);

// One object a line, {"table":"record",...}, every field present; no newline at the end. Numbers that JSON lacks are the
// strings "nan", "inf" and "-inf".
std::string to_line(const DeviceRow& row);
std::string to_line(const ToolchainRow& row);
std::string to_line(const SessionRow& row);
std::string to_line(const Record& row);
std::string to_line(const BadMark& row);

// Strict: every field must be there, once, with its type; nothing else may be. A record's id must be the hash of its
// content. The message names the field.
Result<void> parse_line(std::string_view line, RowBatch& batch);

// A whole export. The error names the first line that is wrong.
Result<RowBatch> parse_export(std::string_view text);

}  // namespace attune::cache
