// Files: what a reader may see while a writer is at work, dies, or has no room; what counts as a private directory.
#include "common/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/common/temporary_directory.hpp"

namespace attune {
namespace {

namespace fs = std::filesystem;
using test::TemporaryDirectory;
using testing::AllOf;
using testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

size_t entries_in(const fs::path& directory) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(ReadFile, GivesTheBytesBack) {
  const TemporaryDirectory directory;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{1000003}}) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 >> 3);
    ASSERT_TRUE(write_file_atomically(directory / "file", bytes).ok());
    const auto read = read_file(directory / "file");
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(*read, bytes);
  }
}

TEST(ReadFile, ReadsFilesThatClaimToBeEmpty) {
  const auto text = read_file("/proc/self/status");
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("Pid:"));
}

TEST(ReadFile, NamesThePathAndTheRemedy) {
  const TemporaryDirectory directory;
  const auto missing = read_file(directory / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().status(), Status::io_error);
  EXPECT_THAT(missing.error().message(), AllOf(HasSubstr("missing"), HasSubstr("Check the path.")));

  const auto a_directory = read_file(directory.path());
  ASSERT_FALSE(a_directory.ok());
  EXPECT_THAT(a_directory.error().message(), HasSubstr("Name a regular file."));
}

TEST(WriteFile, ReplacesTheFileAndKeepsItsModeAndTheLink) {
  const TemporaryDirectory directory;
  const fs::path file = directory / "file";
  ASSERT_TRUE(write_file_atomically(file, "old").ok());
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  fs::create_symlink(file, directory / "link");

  ASSERT_TRUE(write_file_atomically(directory / "link", "new").ok());
  EXPECT_TRUE(fs::is_symlink(directory / "link"));
  EXPECT_EQ(*read_file(file), "new");
  EXPECT_EQ(mode_of(file), 0640u);
  EXPECT_EQ(entries_in(directory.path()), 2u);
}

TEST(WriteFile, RelativeNameWorks) {
  const TemporaryDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  const auto written = write_file_atomically("here", "bytes");
  fs::current_path(before);
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_EQ(*read_file(directory / "here"), "bytes");
}

TEST(WriteFile, NewFilesFollowTheUmask) {
  const TemporaryDirectory directory;
  const mode_t before = ::umask(027);
  const auto written = write_file_atomically(directory / "file", "x");
  ::umask(before);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(mode_of(directory / "file"), 0640u);
}

TEST(WriteFile, DevicesAreWrittenNotReplaced) {
  struct stat before{};
  ASSERT_EQ(::stat("/dev/null", &before), 0);
  ASSERT_TRUE(write_file_atomically("/dev/null", "gone").ok());
  struct stat after{};
  ASSERT_EQ(::stat("/dev/null", &after), 0);
  EXPECT_TRUE(S_ISCHR(after.st_mode));
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST(WriteFile, BadTargetsAreErrors) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(write_file_atomically(directory.path(), "x").ok());
  EXPECT_FALSE(write_file_atomically(directory / "missing/file", "x").ok());
  EXPECT_FALSE(write_file_atomically("", "x").ok());
  EXPECT_FALSE(write_file_atomically(directory / "dir/", "x").ok());
  EXPECT_EQ(entries_in(directory.path()), 0u);
}

TEST(WriteFile, NoRoomLeavesTheOldFileAndNoLitter) {
  const TemporaryDirectory directory;
  const fs::path file = directory / "file";
  ASSERT_TRUE(write_file_atomically(file, "old").ok());
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // beyond the limit write() then fails with EFBIG after a short write, as a full disk does
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = write_file_atomically(file, std::string(100000, 'n'));
    ::_exit(written.ok() ? 1 : written.error().status() == Status::io_error ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(*read_file(file), "old");
  EXPECT_EQ(entries_in(directory.path()), 1u);
}

TEST(WriteFile, ReadersSeeOneWholeVersion) {
  const TemporaryDirectory directory;
  const fs::path file = directory / "file";
  const auto version = [](int number) { return std::string(200000, static_cast<char>('a' + number)); };
  ASSERT_TRUE(write_file_atomically(file, version(0)).ok());
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done) {
      const auto bytes = read_file(file);
      if (!bytes.ok() || bytes->size() != 200000 || bytes->find_first_not_of((*bytes)[0]) != std::string::npos) ++torn;
    }
  });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(write_file_atomically(file, version((writer * 20 + i) % 26)).ok());
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(entries_in(directory.path()), 1u);
}

TEST(WriteFile, KilledWriterLeavesAWholeVersion) {
  const TemporaryDirectory directory;
  const fs::path file = directory / "file";
  const std::string old_bytes(300000, 'o'), new_bytes(300000, 'n');
  for (int round = 0; round < 15; ++round) {
    ASSERT_TRUE(write_file_atomically(file, old_bytes).ok());
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) {
        (void)write_file_atomically(file, new_bytes).ok();
        (void)write_file_atomically(file, old_bytes).ok();
      }
    }
    ::usleep(static_cast<useconds_t>(500 + 700 * round));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto bytes = read_file(file);
    ASSERT_TRUE(bytes.ok());
    EXPECT_TRUE(*bytes == old_bytes || *bytes == new_bytes) << "torn in round " << round;
  }
}

TEST(PrivateDirectory, IsCreatedWithItsParents) {
  const TemporaryDirectory directory;
  const fs::path path = directory / "a" / "b" / "c/";
  ASSERT_TRUE(ensure_private_directory(path).ok());
  EXPECT_EQ(mode_of(directory / "a"), 0700u);
  EXPECT_EQ(mode_of(directory / "a/b/c"), 0700u);
  EXPECT_TRUE(ensure_private_directory(path).ok());
  EXPECT_TRUE(is_writable_directory(path));
}

TEST(PrivateDirectory, WritableByOthersIsRefusedWithTheCommandToRun) {
  const TemporaryDirectory directory;
  for (const mode_t mode : {0770u, 0707u, 01777u}) {
    ASSERT_EQ(::chmod(directory.path().c_str(), mode), 0);
    const auto result = ensure_private_directory(directory.path());
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), HasSubstr("chmod go-w " + directory.path().native()));
  }
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  EXPECT_TRUE(ensure_private_directory(directory.path()).ok());
}

TEST(PrivateDirectory, SomebodyElsesIsRefused) {
  // Either we are root and give a directory away, or /proc/1 is somebody else's.
  const TemporaryDirectory directory;
  const fs::path other = ::geteuid() == 0 ? directory.path() : fs::path("/");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(other.c_str(), 12345, 12345), 0);
  }
  const auto result = ensure_private_directory(other);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("belongs to user"));
}

TEST(PrivateDirectory, AFileInTheWayIsNamed) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  EXPECT_THAT(ensure_private_directory(directory / "file").error().message(), HasSubstr("file"));
  EXPECT_FALSE(ensure_private_directory(directory / "file/below").ok());
  EXPECT_FALSE(ensure_private_directory("").ok());
  fs::create_symlink(directory / "nowhere", directory / "dangling");
  EXPECT_FALSE(ensure_private_directory(directory / "dangling").ok());
}

TEST(PrivateDirectory, ManyThreadsMayCreateItAtOnce) {
  const TemporaryDirectory directory;
  for (int round = 0; round < 20; ++round) {
    const fs::path path = directory / std::to_string(round) / "x" / "y";
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { failures += ensure_private_directory(path).ok() ? 0 : 1; });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
  }
}

TEST(FileSystemOf, KnowsLocalKindsAndClimbsToAnExistingParent) {
  const FileSystem proc = file_system_of("/proc/self/none/such");
  EXPECT_EQ(proc.kind, "proc");
  EXPECT_FALSE(proc.network);
  const TemporaryDirectory directory;
  EXPECT_EQ(file_system_of(directory / "a/b/c").kind, file_system_of(directory.path()).kind);
  EXPECT_FALSE(file_system_of("relative/path").kind.empty());
}

TEST(IsWritableDirectory, FilesAndMissingPathsAreNot) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  EXPECT_TRUE(is_writable_directory(directory.path()));
  EXPECT_FALSE(is_writable_directory(directory / "file"));
  EXPECT_FALSE(is_writable_directory(directory / "missing"));

  ASSERT_EQ(::chmod(directory.path().c_str(), 0555), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(12345) != 0) ::_exit(2);  // root may write everywhere
    ::_exit(is_writable_directory(directory.path()) ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace attune
