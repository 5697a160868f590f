// Look-ups over all layers of a record store.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include "cache/ranking.hpp"
#include "cache/record_layers.hpp"

namespace attune::cache {
namespace {

std::vector<StoredRecord> ranked(std::vector<FoundRecord>&& records) {
  rank(records);
  std::vector<StoredRecord> stored;
  stored.reserve(records.size());
  for (FoundRecord& found : records) stored.push_back(std::move(found.stored));
  return stored;
}

// Rows of one layer behind those of the nearer ones, without those that are there already.
template <class Row, class Id>
void add_new(std::vector<Row>& rows, std::set<std::string>& known, std::vector<Row>&& more, Id id) {
  for (Row& row : more) {
    if (known.insert(id(row)).second) rows.push_back(std::move(row));
  }
}

template <class Row, class Id>
void sort_by(std::vector<Row>& rows, Id id) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return id(a) < id(b); });
}

}  // namespace

void RecordLayers::visit_layers(const Visit& visit, Notices& notices) {
  if (memory_ && memory_used_) {
    const auto visited = visit(*memory_, Layer::memory, {});
    if (!visited.ok()) notices.add(LogLevel::warning, "cache:records:memory", visited.error().message());
  }
  if (user_ && user_->mode() != Mode::closed) {
    const auto visited =
        user_->read([&](sqlite::Connection& connection) { return visit(connection, Layer::user, user_->file()); }, notices);
    if (!visited.ok()) {
      notices.add(LogLevel::warning, fmt::format("cache:{}:read", user_->file().native()), visited.error().message());
    }
  }
  for (Site& site : sites_) {
    if (!site.connection) continue;
    const auto visited = visit(*site.connection, Layer::site, site.file);
    if (visited.ok()) continue;
    site.connection.reset();
    notices.add(LogLevel::warning, fmt::format("cache:{}:site", site.file.native()),
                fmt::format("the site records {} are left out: {}", site.file.native(), visited.error().message()));
  }
}

void RecordLayers::refresh_bad(Notices& notices) {
  const int64_t version = user_ ? user_->data_version() : 0;
  if (bad_version_ == version) return;
  bad_.clear();
  visit_layers(
      [this](sqlite::Connection& connection, Layer, const std::filesystem::path&) -> Result<void> {
        ATTUNE_TRY(auto marks, read_bad(connection));
        for (BadMark& mark : marks) bad_.try_emplace(std::move(mark.record_id), std::move(mark.reason));
        return {};
      },
      notices);
  bad_version_ = version;
}

const std::string& RecordLayers::device_text(const std::string& device_id, Notices& notices) {
  const auto known = devices_.find(device_id);
  if (known != devices_.end()) return known->second;
  std::string json;
  visit_layers(
      [&](sqlite::Connection& connection, Layer, const std::filesystem::path&) -> Result<void> {
        if (!json.empty()) return {};
        ATTUNE_TRY(json, device_json(connection, device_id));
        return {};
      },
      notices);
  static const std::string none;
  // A row may come later: only what is known is remembered.
  return json.empty() ? none : devices_.emplace(device_id, std::move(json)).first->second;
}

std::vector<FoundRecord> RecordLayers::collect(const TuningKey& key, bool with_bad, Notices& notices) {
  std::vector<FoundRecord> records;
  std::unordered_set<std::string> known;
  bool damaged = false;
  visit_layers(
      [&](sqlite::Connection& connection, Layer layer, const std::filesystem::path& file) -> Result<void> {
        ReadOutcome outcome;
        ATTUNE_CHECK(read_records(connection, key, outcome));
        damaged |= layer == Layer::user && outcome.damaged > 0;
        if (outcome.damaged > 0) {
          notices.add(LogLevel::warning, fmt::format("cache:{}:checksum", file.native()),
                      fmt::format("{} records in {} do not match their checksum and are left out. Run `attune doctor`.",
                                  outcome.damaged, file.native()));
        }
        // Most look-ups find records in one layer only, and then nothing needs to be compared.
        if (!records.empty() && known.empty()) {
          for (const FoundRecord& found : records) known.insert(found.id);
        }
        for (FoundRecord& found : outcome.records) {
          if (!known.empty() && !known.insert(found.id).second) continue;
          found.stored.layer = layer;
          found.stored.file = file.native();
          records.push_back(std::move(found));
        }
        return {};
      },
      notices);
  if (damaged && !dropped_damaged_) {
    dropped_damaged_ = true;
    drop_damaged_rows(notices);
  }
  if (!bad_.empty()) {
    std::erase_if(records, [&](FoundRecord& found) {
      const auto mark = bad_.find(found.id);
      if (mark != bad_.end()) found.stored.bad_reason = mark->second;
      return mark != bad_.end() && !with_bad;
    });
  }
  if (!records.empty()) {
    const std::string& json = device_text(key.device_id, notices);
    for (FoundRecord& found : records) found.stored.record.device_json = json;
  }
  return records;
}

std::vector<StoredRecord> RecordLayers::find(const TuningKey& key) {
  std::vector<FoundRecord> records;
  {
    Notices notices;
    const std::scoped_lock lock(mutex_);
    refresh_bad(notices);
    records = collect(key, false, notices);
  }
  return ranked(std::move(records));
}

std::vector<StoredRecord> RecordLayers::collect_keys(const KeyQuery& query, bool with_bad) {
  std::vector<std::vector<FoundRecord>> groups;
  {
    Notices notices;
    const std::scoped_lock lock(mutex_);
    refresh_bad(notices);
    const auto place = [](const TuningKey& key) {
      return std::tie(key.family, key.family_version, key.spec, key.shape_bucket, key.device_id);
    };
    const auto earlier = [&place](const TuningKey& a, const TuningKey& b) { return place(a) < place(b); };
    std::set<TuningKey, decltype(earlier)> keys(earlier);
    visit_layers(
        [&](sqlite::Connection& connection, Layer, const std::filesystem::path&) -> Result<void> {
          ATTUNE_TRY(auto found, query(connection));
          for (TuningKey& key : found) keys.insert(std::move(key));
          return {};
        },
        notices);
    for (const TuningKey& key : keys) groups.push_back(collect(key, with_bad, notices));
  }
  std::vector<StoredRecord> all;
  for (auto& group : groups) {
    for (StoredRecord& stored : ranked(std::move(group))) all.push_back(std::move(stored));
  }
  return all;
}

std::vector<StoredRecord> RecordLayers::find_other_buckets(const TuningKey& key) {
  return collect_keys([&key](sqlite::Connection& connection) { return other_bucket_keys(connection, key); }, false);
}

std::vector<StoredRecord> RecordLayers::find_other_devices(const TuningKey& key) {
  std::map<std::string, std::string> kinds;
  {
    Notices notices;
    const std::scoped_lock lock(mutex_);
    visit_layers(
        [&](sqlite::Connection& connection, Layer, const std::filesystem::path&) -> Result<void> {
          ATTUNE_TRY(const auto devices, read_devices(connection));
          for (const DeviceRow& device : devices) kinds.try_emplace(device.id, device.kind);
          return {};
        },
        notices);
  }
  const auto own = kinds.find(key.device_id);
  if (own == kinds.end()) return {};
  return collect_keys(
      [&](sqlite::Connection& connection) -> Result<std::vector<TuningKey>> {
        ATTUNE_TRY(auto keys, other_device_keys(connection, key));
        std::erase_if(keys, [&](const TuningKey& other) {
          const auto kind = kinds.find(other.device_id);
          return kind == kinds.end() || kind->second != own->second;
        });
        return keys;
      },
      false);
}

std::vector<StoredRecord> RecordLayers::all() { return collect_keys(all_keys, true); }

RowBatch RecordLayers::everything() {
  RowBatch rows;
  std::set<std::string> devices, toolchains, sessions, bad;
  const auto id = [](const auto& row) { return row.id; };
  const auto mark = [](const BadMark& row) { return row.record_id + '\n' + row.reason; };
  {
    Notices notices;
    const std::scoped_lock lock(mutex_);
    visit_layers(
        [&](sqlite::Connection& connection, Layer, const std::filesystem::path&) -> Result<void> {
          RowBatch layer;
          ATTUNE_TRY(layer.devices, read_devices(connection));
          ATTUNE_TRY(layer.toolchains, read_toolchains(connection));
          ATTUNE_TRY(layer.sessions, read_sessions(connection));
          ATTUNE_TRY(layer.bad, read_bad(connection));
          add_new(rows.devices, devices, std::move(layer.devices), id);
          add_new(rows.toolchains, toolchains, std::move(layer.toolchains), id);
          add_new(rows.sessions, sessions, std::move(layer.sessions), id);
          add_new(rows.bad, bad, std::move(layer.bad), mark);
          return {};
        },
        notices);
  }
  std::map<std::string, Record> records;
  for (StoredRecord& stored : all()) {
    std::string record_id = stored.record.id();
    records.try_emplace(std::move(record_id), std::move(stored.record));
  }
  sort_by(rows.devices, id);
  sort_by(rows.toolchains, id);
  sort_by(rows.sessions, id);
  sort_by(rows.bad, mark);
  for (auto& [record_id, record] : records) rows.records.push_back(std::move(record));
  return rows;
}

}  // namespace attune::cache
