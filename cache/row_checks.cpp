// Identities of rows, and what is refused before it reaches a database.
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "cache/fingerprint.hpp"
#include "cache/rows.hpp"
#include "cache/utf8.hpp"

namespace attune::cache {
namespace {

Result<void> check_text(std::string_view field, std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty) {
    return Error(Status::invalid_argument, fmt::format("{} is empty. Fill it in.", field));
  }
  if (text.size() > max_text_bytes) {
    return Error(Status::invalid_argument,
                 fmt::format("{} has {} bytes; at most {} are stored. Shorten it.", field, text.size(), max_text_bytes));
  }
  if (!is_utf8(text)) return Error(Status::invalid_argument, fmt::format("{} is not UTF-8. Encode it as UTF-8.", field));
  return {};
}

template <class Row>
void move_to_end(std::vector<Row>& to, std::vector<Row>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::string Record::id() const {
  return Fingerprint("attune.record.1")
      .add(key.family)
      .add(key.family_version)
      .add(key.spec)
      .add(key.shape_bucket)
      .add(key.device_id)
      .add(problem)
      .add(config)
      .add(toolchain_id)
      .add(session_id)
      .add(measured_unix_ms)
      .hex();
}

void RowBatch::append(RowBatch&& other) {
  move_to_end(devices, other.devices);
  move_to_end(toolchains, other.toolchains);
  move_to_end(sessions, other.sessions);
  move_to_end(records, other.records);
  move_to_end(bad, other.bad);
}

std::string tuning_id(const TuningKey& key) {
  return Fingerprint("attune.tuning.1")
      .add(key.family)
      .add(key.family_version)
      .add(key.spec)
      .add(key.shape_bucket)
      .add(key.device_id)
      .hex();
}

Result<void> check_row(const Record& r) {
  const std::pair<std::string_view, const std::string*> required[] = {
      {"key.family", &r.key.family}, {"key.spec", &r.key.spec}, {"key.device_id", &r.key.device_id},
      {"problem", &r.problem},       {"config", &r.config},     {"status", &r.status},
  };
  for (const auto& [field, text] : required) ATTUNE_CHECK(check_text(field, *text, false));
  const std::pair<std::string_view, const std::string*> optional[] = {
      {"key.shape_bucket", &r.key.shape_bucket}, {"toolchain_id", &r.toolchain_id}, {"session_id", &r.session_id},
      {"status_detail", &r.status_detail},       {"cache_regime", &r.cache_regime},
  };
  for (const auto& [field, text] : optional) ATTUNE_CHECK(check_text(field, *text, true));
  return {};
}

Result<void> check_batch(const RowBatch& batch) {
  for (const DeviceRow& row : batch.devices) {
    ATTUNE_CHECK(check_text("device.id", row.id, false));
    for (const std::string* text : {&row.kind, &row.name, &row.arch, &row.json}) {
      ATTUNE_CHECK(check_text("a field of device", *text, true));
    }
  }
  for (const ToolchainRow& row : batch.toolchains) {
    ATTUNE_CHECK(check_text("toolchain.id", row.id, false));
    for (const std::string* text : {&row.compiler, &row.compiler_version, &row.generator_version, &row.json}) {
      ATTUNE_CHECK(check_text("a field of toolchain", *text, true));
    }
  }
  for (const SessionRow& row : batch.sessions) {
    ATTUNE_CHECK(check_text("session.id", row.id, false));
    for (const std::string* text : {&row.host, &row.command, &row.budget}) {
      ATTUNE_CHECK(check_text("a field of session", *text, true));
    }
  }
  for (const Record& row : batch.records) ATTUNE_CHECK(check_row(row));
  for (const BadMark& row : batch.bad) {
    ATTUNE_CHECK(check_text("bad.record_id", row.record_id, false));
    ATTUNE_CHECK(check_text("bad.reason", row.reason, true));
  }
  return {};
}

}  // namespace attune::cache
