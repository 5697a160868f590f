// Many processes, and processes that die at any moment: what was acknowledged is there, and the files are sound.
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"
#include "tests/torture/processes.hpp"

namespace attune::cache {
namespace {

using namespace testing;

constexpr int process_count = 8;

Record record_by(const std::string& session, int number) {
  Record record = record_of(number % 40, 1 + number * 0.001, 1000 + number, key_of(fmt::format("s{}", number % 3)));
  record.session_id = session;
  return record;
}

std::string kernel_name(int number) { return fmt::format("kernel {}", number); }

std::set<std::string> stored_ids(const fs::path& directory) {
  const auto rows = Sql(directory / "records.db").rows("SELECT id FROM record");
  return {rows.begin(), rows.end()};
}

void expect_sound(const fs::path& directory) {
  for (const char* name : {"records.db", "kernels.db"}) {
    if (!fs::exists(directory / name)) continue;
    EXPECT_EQ(Sql(directory / name).value("PRAGMA integrity_check"), "ok") << name;
  }
  EXPECT_TRUE(files_with(directory, ".corrupt-").empty());
}

// Starts everybody at once: children wait for a file that the parent makes last.
void wait_for(const fs::path& gate) {
  while (!fs::exists(gate)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST(CacheTorture, ProcessesThatWriteTheSameAndDifferentRowsAtOnce) {
  const Place place;
  const fs::path home = place / "home";
  constexpr int own = 20, shared = 20, kernels = 8;
  std::vector<std::unique_ptr<Child>> children;
  for (int p = 0; p < process_count; ++p) {
    children.push_back(std::make_unique<Child>([&, p](const Child::Report&) {
      wait_for(place / "gate");
      const auto records = open_records(home);  // also the creation of the directory and the files is raced for
      const auto store = open_kernels(home);
      for (int i = 0; i < own; ++i) {
        if (!records->add(record_by(fmt::format("process {}", p), i)).ok()) return 1;
        if (i < shared && !records->add(record_by("shared", i)).ok()) return 2;
        const int n = (i + p) % kernels;
        if (!store->add(kernel_of(kernel_name(n), 20000)).ok()) return 3;
        const auto found = store->find(kernel_of(kernel_name(n), 1).compile_key);
        if (!found || found->blob != kernel_of(kernel_name(n), 20000).blob) return 4;
      }
      return records->health().state == "ok" && store->health().state == "ok" ? 0 : 5;
    }));
  }
  std::ofstream(place / "gate").close();
  for (auto& child : children) EXPECT_EQ(child->wait(), 0);
  expect_sound(home);
  EXPECT_EQ(stored_ids(home).size(), static_cast<size_t>(process_count * own + shared));
  EXPECT_EQ(open_kernels(home)->health().kernels, kernels);
}

TEST(CacheTorture, NothingAcknowledgedIsLostWhenWritersAreKilled) {
  const Place place;
  const fs::path home = place / "home";
  std::mt19937 random(20261120);
  std::set<std::string> acknowledged_records, acknowledged_kernels;
  int killed = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<std::unique_ptr<Child>> children;
    for (int p = 0; p < 4; ++p) {
      children.push_back(std::make_unique<Child>([&, p, round](const Child::Report& report) {
        const auto records = open_records(home);
        const auto kernels = open_kernels(home);
        for (int i = 0;; ++i) {
          const Record record = record_by(fmt::format("round {} process {}", round, p), i);
          if (!records->add(record).ok() || records->health().state != "ok") return 1;
          report(fmt::format("r{}", record.id()));
          if (i % 3 != 0) continue;
          const KernelRow kernel = kernel_of(kernel_name(p * 100 + i % 30), 30000);
          if (!kernels->add(kernel).ok() || kernels->health().state != "ok") return 2;
          report(fmt::format("k{}", kernel.compile_key));
        }
      }));
    }
    // Round 0 and some others die while the files are still being made.
    const int patience_ms = round % 4 == 0 ? static_cast<int>(random() % 30) : 60 + static_cast<int>(random() % 250);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (std::chrono::steady_clock::now() < end) {
      for (auto& child : children) child->listen(2);
    }
    for (auto& child : children) {
      child->kill();
      if (child->wait() == -SIGKILL) ++killed;
      for (const std::string& line : child->lines()) {
        (line[0] == 'r' ? acknowledged_records : acknowledged_kernels).insert(line.substr(1));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));  // the others go on meanwhile
    }
    if (!fs::exists(home)) continue;
    expect_sound(home);
    const auto store = open_records(home);
    EXPECT_EQ(store->health().state, "ok");
  }
  EXPECT_EQ(killed, 48);
  ASSERT_GT(acknowledged_records.size(), 50u);
  const std::set<std::string> stored = stored_ids(home);
  for (const std::string& id : acknowledged_records) ASSERT_TRUE(stored.contains(id)) << id;
  const auto kernels = open_kernels(home);
  for (const std::string& key : acknowledged_kernels) {
    const auto found = kernels->find(key);
    ASSERT_TRUE(found.has_value()) << key;
  }
  const auto records = open_records(home);
  EXPECT_EQ(records->all().size(), stored.size());
}

// Killed between any two steps of fold, migration or recovery: the next one finishes the job.
TEST(CacheTorture, AKilledFoldLosesNoSpoolFile) {
  const Place place;
  constexpr int rows = 150;
  {
    const auto store = RecordStore::open({.user_directory = place.path(), .network_file_system = true});
    for (int i = 0; i < rows; ++i) ASSERT_TRUE(store->add(record_by("network", i)).ok());
  }
  std::mt19937 random(5);
  for (int round = 0; round < 15; ++round) {
    Child child([&](const Child::Report&) {
      open_records(place.path());
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    child.kill();
    child.wait();
  }
  const auto store = open_records(place.path());
  EXPECT_EQ(store->health().records, rows);
  EXPECT_TRUE(files_with(place / "records.spool", ".json").empty());
  expect_sound(place.path());
}

TEST(CacheTorture, ProcessesThatMeetADamagedFileAgreeOnANewOne) {
  const Place place;
  const fs::path home = place / "home";
  {
    const auto store = open_records(home);
    std::vector<Record> records;
    for (int i = 0; i < 200; ++i) records.push_back(record_by("before", i));
    add_at_once(*store, records, place / "rows.jsonl");
  }
  // Everybody has the file open when it is damaged under them.
  std::vector<std::unique_ptr<Child>> children;
  for (int p = 0; p < process_count; ++p) {
    children.push_back(std::make_unique<Child>([&, p](const Child::Report& report) {
      const auto store = open_records(home);
      store->find(key_of("s0"));
      report("open");
      wait_for(place / "gate");
      for (int i = 0; i < 10; ++i) {
        const Record record = record_by(fmt::format("process {}", p), i);
        if (!store->add(record).ok()) return 1;
        report(record.id());
        store->find(key_of("s1"));
      }
      return store->health().state == "ok" ? 0 : 2;
    }));
  }
  for (auto& child : children) {
    while (child->lines().empty()) child->listen(50);
  }
  {
    // Leaves of the table and its index, behind the back of SQLite.
    std::fstream file(home / "records.db", std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<int64_t>(fs::file_size(home / "records.db"));
    for (int64_t at = 4096 * 3; at + 4096 <= size; at += 4096 * 4) {
      file.seekp(at);
      file << std::string(4096, '\x5a');
    }
  }
  std::ofstream(place / "gate").close();
  std::set<std::string> acknowledged;
  for (auto& child : children) {
    EXPECT_EQ(child->wait(), 0);
    for (const std::string& line : child->lines()) {
      if (line != "open") acknowledged.insert(line);
    }
  }
  EXPECT_EQ(acknowledged.size(), static_cast<size_t>(process_count * 10));
  EXPECT_EQ(Sql(home / "records.db").value("PRAGMA integrity_check"), "ok");
  EXPECT_FALSE(files_with(home, ".corrupt-").empty());
  const std::set<std::string> stored = stored_ids(home);
  for (const std::string& id : acknowledged) EXPECT_TRUE(stored.contains(id)) << id;
}

TEST(CacheTorture, GarbageCollectionAmongReadersAndWriters) {
  const Place place;
  std::vector<std::unique_ptr<Child>> children;
  for (int p = 0; p < 4; ++p) {
    children.push_back(std::make_unique<Child>([&, p](const Child::Report&) {
      const auto store = open_kernels(place.path());
      for (int i = 0; i < 40; ++i) {
        const KernelRow row = kernel_of(kernel_name(i % 10), 20000);
        if (p == 0 && i % 4 == 0) {
          if (!store->collect_garbage(60000, 30).ok()) return 1;
          continue;
        }
        if (!store->add(row).ok()) return 2;
        const auto found = store->find(row.compile_key);
        if (found && found->blob != row.blob) return 3;  // gone is fine, wrong is not
      }
      return store->health().state == "ok" ? 0 : 4;
    }));
  }
  for (auto& child : children) EXPECT_EQ(child->wait(), 0);
  expect_sound(place.path());
}

// A stopped process holds the write lock for ever; nobody else waits for ever.
TEST(CacheTorture, AStoppedWriterDoesNotStopTheOthers) {
  const Place place;
  open_records(place.path())->add_device(device_of("device-a"));
  Child stuck([&](const Child::Report& report) {
    Sql sql(place / "records.db");
    sql.run("BEGIN IMMEDIATE");
    report("locked");
    ::raise(SIGSTOP);
    return 0;
  });
  while (stuck.lines().empty()) stuck.listen(50);
  {
    const auto store = open_records(place.path());
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
    EXPECT_EQ(store->find(key_of()).size(), 2u);
    stuck.kill();
    stuck.wait();
  }
  EXPECT_EQ(open_records(place.path())->health().records, 2);
}

}  // namespace
}  // namespace attune::cache
