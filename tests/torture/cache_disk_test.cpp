// A disk that is really full, and a directory that really cannot be written.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>

#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"
#include "tests/torture/processes.hpp"

namespace attune::cache {
namespace {

using namespace testing;

// Mounts are made by a child in a mount namespace of its own, so nothing outlives it and nothing needs to be unmounted. A
// user namespace gives them to ordinary users too. False where the machine forbids both.
bool enter_mount_namespace() {
  const uid_t uid = ::getuid();
  const gid_t gid = ::getgid();
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1";
    std::ofstream("/proc/self/gid_map") << gid << ' ' << gid << " 1";
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Makes further growth of files in `directory` fail: a small tmpfs, else a limit on the size of files with the same effect
// on every write beyond it.
bool make_small_disk(const fs::path& directory, size_t bytes) {
  if (enter_mount_namespace() &&
      ::mount("tmpfs", directory.c_str(), "tmpfs", 0, fmt::format("size={},mode=700", bytes).c_str()) == 0) {
    return true;
  }
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes / 4, bytes / 4};
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

// Fails when `condition` does not hold, with the line as the exit code's meaning.
#define REQUIRE_CHILD(condition)                                \
  do {                                                          \
    if (!(condition)) {                                         \
      report(fmt::format("line {}: {}", __LINE__, #condition)); \
      return 1;                                                 \
    }                                                           \
  } while (false)

void expect_success(Child& child) {
  const int code = child.wait();
  std::string said;
  for (const std::string& line : child.lines()) said += line + '\n';
  EXPECT_EQ(code, 0) << said;
}

TEST(FullDisk, CallsSucceedInMemoryAndTheFileStaysSound) {
  const Place place;
  fs::create_directory(place / "disk");
  fs::permissions(place / "disk", fs::perms::owner_all);
  Child child([&](const Child::Report& report) {
    REQUIRE_CHILD(make_small_disk(place / "disk", 2 << 20));
    const fs::path home = place / "disk/home";
    int notices = 0;
    set_log_level(LogLevel::warning);
    set_log_sink([&notices](LogLevel, std::string_view) { ++notices; });
    int committed = 0;
    {
      const auto store = open_records(home);
      Record record = record_of(0, 1);
      for (int i = 0; i < 200; ++i) {
        record.session_id = fmt::format("session {}", i);
        record.status_detail.assign(20000, 'x');
        REQUIRE_CHILD(store->add(record).ok());
        if (committed == 0 && store->health().state != "ok") committed = i;
      }
      // The disk ran full on the way, the records are all there, and that was said once.
      REQUIRE_CHILD(committed > 5 && committed < 190);
      REQUIRE_CHILD(store->find(key_of()).size() == 200);
      REQUIRE_CHILD(store->health().state == "memory");
      REQUIRE_CHILD(notices == 1);
    }
    // Kernels on the same full disk.
    {
      const auto store = open_kernels(home);
      for (int i = 0; i < 60; ++i) {
        const KernelRow row = kernel_of(fmt::format("k{}", i), 50000);
        REQUIRE_CHILD(store->add(row).ok());
        const auto found = store->find(row.compile_key);
        REQUIRE_CHILD(found && found->blob == row.blob);
      }
    }
    REQUIRE_CHILD(Sql(home / "records.db").value("PRAGMA integrity_check") == "ok");
    REQUIRE_CHILD(Sql(home / "records.db").integer("SELECT count(*) FROM record") >= committed);
    REQUIRE_CHILD(files_with(home, ".corrupt-").empty());
    return 0;
  });
  expect_success(child);
}

TEST(FullDisk, WhatWaitedIsWrittenWhenThereIsRoomAgain) {
  const Place place;
  const fs::path home = place / "home";
  Child child([&](const Child::Report& report) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    {
      const auto store = open_records(home);
      REQUIRE_CHILD(store->add(record_of(1, 1)).ok());
      limit.rlim_cur = 4096;
      REQUIRE_CHILD(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
      REQUIRE_CHILD(store->add(record_of(2, 2)).ok());
      REQUIRE_CHILD(store->health().state == "memory");
      REQUIRE_CHILD(store->find(key_of()).size() == 2);
      limit.rlim_cur = before;
      REQUIRE_CHILD(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
      REQUIRE_CHILD(store->add(record_of(3, 3)).ok());
      REQUIRE_CHILD(store->health().state == "ok");
    }
    REQUIRE_CHILD(Sql(home / "records.db").integer("SELECT count(*) FROM record") == 3);
    return 0;
  });
  expect_success(child);
}

TEST(FullDisk, ADiskThatIsFullFromTheStartMeansMemory) {
  const Place place;
  const fs::path home = place / "home";
  Child child([&](const Child::Report& report) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{0, 0};  // files can be made, and hold nothing
    REQUIRE_CHILD(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const auto records = open_records(home);
    REQUIRE_CHILD(records->add(record_of(1, 1)).ok());
    REQUIRE_CHILD(records->find(key_of()).size() == 1);
    REQUIRE_CHILD(records->health().state == "memory");
    const auto kernels = open_kernels(home);
    REQUIRE_CHILD(kernels->add(kernel_of("a")).ok());
    REQUIRE_CHILD(kernels->find(kernel_of("a").compile_key).has_value());
    return 0;
  });
  expect_success(child);
  // With room again, the leftovers do not stand in the way.
  const auto store = open_records(home);
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  EXPECT_EQ(store->health().state, "ok");
}

// Root ignores modes, so as root the directory is remounted read-only; an ordinary user takes its write permission away.
TEST(ReadOnlyDirectory, IsReadAndNewRowsStayInMemory) {
  const Place place;
  const fs::path home = place / "home";
  {
    ASSERT_TRUE(open_records(home)->add(record_of(1, 1)).ok());
    ASSERT_TRUE(open_kernels(home)->add(kernel_of("a")).ok());
  }
  Child child([&](const Child::Report& report) {
    if (::geteuid() == 0) {
      REQUIRE_CHILD(enter_mount_namespace());
      REQUIRE_CHILD(::mount(home.c_str(), home.c_str(), nullptr, MS_BIND, nullptr) == 0);
      REQUIRE_CHILD(::mount(nullptr, home.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0);
    } else {
      for (const auto& entry : fs::directory_iterator(home)) fs::permissions(entry.path(), fs::perms::owner_read);
      fs::permissions(home, fs::perms::owner_read | fs::perms::owner_exec);
    }
    REQUIRE_CHILD(!std::ofstream(home / "probe").is_open());  // it really fails
    int notices = 0;
    set_log_level(LogLevel::warning);
    set_log_sink([&notices](LogLevel, std::string_view) { ++notices; });
    const auto records = open_records(home);
    REQUIRE_CHILD(records->find(key_of()).size() == 1);
    REQUIRE_CHILD(records->add(record_of(2, 2)).ok());
    REQUIRE_CHILD(records->find(key_of()).size() == 2);
    REQUIRE_CHILD(records->health().state == "read_only");
    REQUIRE_CHILD(!records->health().notice.empty());
    REQUIRE_CHILD(notices == 1);
    const auto kernels = open_kernels(home);
    REQUIRE_CHILD(kernels->find(kernel_of("a").compile_key).has_value());
    REQUIRE_CHILD(kernels->add(kernel_of("b")).ok());
    REQUIRE_CHILD(kernels->find(kernel_of("b").compile_key).has_value());
    REQUIRE_CHILD(notices == 2);
    return 0;
  });
  expect_success(child);
  fs::permissions(home, fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(home)) {
    fs::permissions(entry.path(), fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(open_records(home)->health().records, 1);
}

}  // namespace
}  // namespace attune::cache
