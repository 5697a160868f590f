// The layers of a record store (memory, user, site): where a row goes, and every look-up over them. Private to cache/.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/notices.hpp"
#include "cache/record_store.hpp"
#include "cache/rows.hpp"
#include "cache/user_database.hpp"

namespace attune::cache {

// Thread-safe by one mutex, held only around work of SQLite: logging, spool files and ranking happen outside of it.
class RecordLayers {
 public:
  // `forked`: this process inherited a store, so the user database is out of reach (see file_lock.hpp).
  RecordLayers(const RecordStoreOptions& options, bool forked);
  ~RecordLayers();
  RecordLayers(const RecordLayers&) = delete;
  RecordLayers& operator=(const RecordLayers&) = delete;

  // All rows or none, into the user layer, else into memory (and the spool). Returns how many records were new there.
  Result<int64_t> write(RowBatch batch);

  std::vector<StoredRecord> find(const TuningKey& key);
  std::vector<StoredRecord> find_other_buckets(const TuningKey& key);
  std::vector<StoredRecord> find_other_devices(const TuningKey& key);
  std::vector<StoredRecord> all();
  // Every row of every layer once, sorted; of two rows with one id that of the first layer.
  RowBatch everything();

  RecordStore::Health health();
  RecordStore::Health check();
  bool is_user_file(const std::filesystem::path& path);

 private:
  struct Site {
    std::filesystem::path file;
    std::optional<sqlite::Connection> connection;
  };
  // What to do with one layer. Runs again from the start when the user layer is repaired in between.
  using Visit = std::function<Result<void>(sqlite::Connection&, Layer, const std::filesystem::path& file)>;
  using KeyQuery = std::function<Result<std::vector<TuningKey>>(sqlite::Connection&)>;

  void open_site(const std::filesystem::path& file, Notices& notices);
  void fold_spool(Notices& notices);
  Result<int64_t> write_locked(RowBatch& batch, Notices& notices);
  Result<int64_t> write_memory(const RowBatch& batch);

  // In order, nearest first. A layer that fails is left out, and said so once.
  void visit_layers(const Visit& visit, Notices& notices);
  void refresh_bad(Notices& notices);
  const std::string& device_text(const std::string& device_id, Notices& notices);
  // The records of one key in all layers, each once, without those marked bad unless `with_bad`; not ranked.
  std::vector<FoundRecord> collect(const TuningKey& key, bool with_bad, Notices& notices);
  // The same for every key that `query` names in any layer; ranked key by key.
  std::vector<StoredRecord> collect_keys(const KeyQuery& query, bool with_bad);
  void drop_damaged_rows(Notices& notices);
  RecordStore::Health health_locked();

  std::mutex mutex_;
  RecordStoreOptions options_;
  bool spooling_ = false;
  std::optional<sqlite::Connection> memory_;
  bool memory_used_ = false;
  std::optional<UserDatabase> user_;
  std::vector<Site> sites_;
  RowBatch pending_;          // in memory, and waiting for the user layer to take rows again
  std::string write_notice_;  // why they wait
  std::chrono::steady_clock::time_point next_write_{};
  std::unordered_map<std::string, std::string> bad_;      // record id -> reason, of all layers
  std::optional<int64_t> bad_version_;                    // of the user layer when bad_ was read; empty: read it again
  std::unordered_map<std::string, std::string> devices_;  // id -> json
  bool dropped_damaged_ = false;
};

}  // namespace attune::cache
