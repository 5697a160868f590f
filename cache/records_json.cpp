#include "cache/records_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>
#include <vector>

#include "cache/schema.hpp"
#include "cache/utf8.hpp"

namespace attune::cache {
namespace {

// Written in the order of the fields. Read into a map: inserting into the ordered kind is linear, so a hostile line of a
// hundred thousand fields would cost seconds.
using OrderedJson = nlohmann::ordered_json;
using Json = nlohmann::json;

constexpr std::string_view format_name = "attune-records";
// Fields are bounded one by one; this bounds the parser's work before it has told them apart.
constexpr size_t max_line_bytes = size_t{4} << 20;

// One list of fields a row, for both directions: `visit(name, member)`.
template <class Row, class Visitor>
void fields(Row& row, Visitor&& visit) {
  using Plain = std::remove_const_t<Row>;
  if constexpr (std::is_same_v<Plain, DeviceRow>) {
    visit("id", row.id);
    visit("kind", row.kind);
    visit("name", row.name);
    visit("arch", row.arch);
    visit("json", row.json);
    visit("compute_units", row.compute_units);
    visit("l2_bytes", row.l2_bytes);
    visit("memory_bytes", row.memory_bytes);
    visit("driver_major", row.driver_major);
  } else if constexpr (std::is_same_v<Plain, ToolchainRow>) {
    visit("id", row.id);
    visit("compiler", row.compiler);
    visit("compiler_version", row.compiler_version);
    visit("generator_version", row.generator_version);
    visit("json", row.json);
  } else if constexpr (std::is_same_v<Plain, SessionRow>) {
    visit("id", row.id);
    visit("host", row.host);
    visit("command", row.command);
    visit("budget", row.budget);
    visit("seed", row.seed);
    visit("started_unix_ms", row.started_unix_ms);
  } else if constexpr (std::is_same_v<Plain, BadMark>) {
    visit("record_id", row.record_id);
    visit("reason", row.reason);
  } else {
    visit("family", row.key.family);
    visit("family_version", row.key.family_version);
    visit("spec", row.key.spec);
    visit("shape_bucket", row.key.shape_bucket);
    visit("device_id", row.key.device_id);
    visit("problem", row.problem);
    visit("config", row.config);
    visit("toolchain_id", row.toolchain_id);
    visit("session_id", row.session_id);
    visit("status", row.status);
    visit("status_detail", row.status_detail);
    visit("samples", row.statistics.samples);
    visit("min_ms", row.statistics.min_ms);
    visit("median_ms", row.statistics.median_ms);
    visit("mad_ms", row.statistics.mad_ms);
    visit("p95_ms", row.statistics.p95_ms);
    visit("cache_regime", row.cache_regime);
    visit("clock_before_mhz", row.clock_before_mhz);
    visit("clock_after_mhz", row.clock_after_mhz);
    visit("compile_ms", row.compile_ms);
    visit("registers", row.registers);
    visit("spill_bytes", row.spill_bytes);
    visit("shared_bytes", row.shared_bytes);
    visit("code_bytes", row.code_bytes);
    visit("validated", row.validated);
    visit("max_error", row.max_error);
    visit("tolerance", row.tolerance);
    visit("complexity", row.complexity);
    visit("measured_unix_ms", row.measured_unix_ms);
  }
}

std::string dump(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

template <class Row>
OrderedJson to_json(std::string_view table, const Row& row) {
  OrderedJson json;
  json["table"] = table;
  fields(row, [&](const char* name, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
      if (std::isnan(value)) {
        json[name] = "nan";
      } else if (std::isinf(value)) {
        json[name] = value > 0 ? "inf" : "-inf";
      } else {
        json[name] = value;
      }
    } else {
      json[name] = value;
    }
  });
  return json;
}

// Says what is wrong with the first field that is.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  template <class T>
  void operator()(const char* field, T& value) {
    ++expected_;
    const auto found = json_.find(field);
    if (found == json_.end()) return complain("the field \"{}\" is missing", field);
    if constexpr (std::is_same_v<T, std::string>) {
      if (!found->is_string()) return complain("the field \"{}\" is not a string", field);
      value = found->template get_ref<const std::string&>();
    } else if constexpr (std::is_same_v<T, bool>) {
      if (!found->is_boolean()) return complain("the field \"{}\" is not true or false", field);
      value = found->template get<bool>();
    } else if constexpr (std::is_same_v<T, double>) {
      read_real(*found, field, value);
    } else {
      const bool fits = found->is_number_integer() &&
                        (!found->is_number_unsigned() ||
                         found->template get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
      if (!fits) return complain("the field \"{}\" is not a 64-bit integer", field);
      value = found->template get<int64_t>();
    }
  }

  // After all fields were asked for; `others` of them are read elsewhere.
  Result<void> finish(size_t others) {
    if (problem_.empty() && json_.size() != expected_ + others) {
      problem_ = fmt::format("there are {} fields instead of {}", json_.size(), expected_ + others);
    }
    if (problem_.empty()) return {};
    return Error(Status::invalid_argument, problem_ + ". Export the file again with this version of Attune.");
  }

 private:
  void read_real(const Json& json, const char* field, double& value) {
    if (json.is_number()) {
      value = json.get<double>();
    } else if (json == "nan") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (json == "inf" || json == "-inf") {
      value = json == "inf" ? HUGE_VAL : -HUGE_VAL;
    } else {
      complain("the field \"{}\" is not a number", field);
    }
  }

  void complain(fmt::format_string<const char*&> text, const char* field) {
    if (problem_.empty()) problem_ = fmt::format(text, field);
  }

  const Json& json_;
  size_t expected_ = 0;
  std::string problem_;
};

template <class Row>
Result<Row> read_row(const Json& json, size_t others) {
  Row row{};
  Reader reader(json);
  fields(row, reader);
  ATTUNE_CHECK(reader.finish(others));
  return row;
}

// nlohmann's parser keeps the last of two fields of one name; a strict one refuses them.
Result<Json> parse_object(std::string_view line) {
  if (line.size() > max_line_bytes) {
    return Error(Status::invalid_argument,
                 fmt::format("the line has {} bytes; at most {} are read. Shorten it.", line.size(), max_line_bytes));
  }
  std::set<std::string> names;
  std::string problem;
  const Json json = Json::parse(
      line.begin(), line.end(),
      [&](int depth, Json::parse_event_t event, Json& parsed) {
        const bool nested =
            depth > 1 ||
            (depth == 1 && (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start));
        if (nested && problem.empty()) problem = "a field holds an object or an array";
        if (event == Json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second &&
            problem.empty()) {
          problem = fmt::format("the field \"{}\" is given twice", parsed.get<std::string>());
        }
        return !nested;  // what is nested is dropped at once, so depth costs no memory
      },
      false);
  if (problem.empty() && (json.is_discarded() || !json.is_object())) problem = "it is not a JSON object";
  if (problem.empty()) return json;
  return Error(Status::invalid_argument, problem + ". Export the file again.");
}

// Returns how many lines follow.
Result<int64_t> check_header(std::string_view line) {
  ATTUNE_TRY(const Json json, parse_object(line));
  std::string format;
  int64_t schema = 0, rows = 0;
  Reader reader(json);
  reader("format", format);
  reader("schema", schema);
  reader("rows", rows);
  ATTUNE_CHECK(reader.finish(0));
  if (format != format_name) {
    return Error(Status::invalid_argument,
                 fmt::format("the format is not \"{}\". Name a file that `attune export` wrote.", format_name));
  }
  if (schema != records_schema().version) {
    return Error(
        Status::unsupported,
        fmt::format("it was exported with schema {} and this Attune reads schema {}. Export it again with this version, "
                    "or use the version that wrote it.",
                    schema, records_schema().version));
  }
  return rows;
}

}  // namespace

std::string header_line(size_t rows) {
  OrderedJson json;
  json["format"] = format_name;
  json["schema"] = records_schema().version;
  json["rows"] = rows;
  return dump(json);
}

std::string to_line(const DeviceRow& row) { return dump(to_json("device", row)); }
std::string to_line(const ToolchainRow& row) { return dump(to_json("toolchain", row)); }
std::string to_line(const SessionRow& row) { return dump(to_json("session", row)); }
std::string to_line(const BadMark& row) { return dump(to_json("bad", row)); }

std::string to_line(const Record& row) {
  OrderedJson json = to_json("record", row);
  json["id"] = row.id();
  return dump(json);
}

Result<void> parse_line(std::string_view line, RowBatch& batch) {
  ATTUNE_TRY(const Json json, parse_object(line));
  const auto table = json.find("table");
  if (table == json.end() || !table->is_string()) {
    return Error(Status::invalid_argument, "the field \"table\" is missing or not a string. Export the file again.");
  }
  RowBatch one;
  if (*table == "record") {
    ATTUNE_TRY(Record row, read_row<Record>(json, 2));
    const auto id = json.find("id");
    if (id == json.end() || *id != row.id()) {
      return Error(Status::invalid_argument,
                   "the field \"id\" is not the hash of the record, so a byte of it was changed. Export the file again.");
    }
    one.records.push_back(std::move(row));
  } else if (*table == "device") {
    ATTUNE_TRY(one.devices.emplace_back(), read_row<DeviceRow>(json, 1));
  } else if (*table == "toolchain") {
    ATTUNE_TRY(one.toolchains.emplace_back(), read_row<ToolchainRow>(json, 1));
  } else if (*table == "session") {
    ATTUNE_TRY(one.sessions.emplace_back(), read_row<SessionRow>(json, 1));
  } else if (*table == "bad") {
    ATTUNE_TRY(one.bad.emplace_back(), read_row<BadMark>(json, 1));
  } else {
    return Error(Status::invalid_argument, "the field \"table\" names no table of ours. Export the file again.");
  }
  ATTUNE_CHECK(check_batch(one));
  batch.append(std::move(one));
  return {};
}

Result<RowBatch> parse_export(std::string_view text) {
  RowBatch batch;
  int64_t number = 1, expected = 0;
  const auto at_line = [&number](const Error& error) {
    return Error(error.status(), fmt::format("line {}: {}", number, error.message()));
  };
  for (; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (number == 1) {
      const auto rows = check_header(line);
      if (!rows.ok()) return at_line(rows.error());
      expected = *rows;
    } else {
      const auto row = parse_line(line, batch);
      if (!row.ok()) return at_line(row.error());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (number == 1)
    return at_line(Error(Status::invalid_argument, "the file is empty. Name a file that `attune export` wrote."));
  if (number - 2 == expected) return batch;
  return at_line(
      Error(Status::invalid_argument,
            fmt::format("the file ends after {} rows and its header says {}. Copy it again.", number - 2, expected)));
}

}  // namespace attune::cache
