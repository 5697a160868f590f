// Child processes that crash, hang, babble, close their output, or are no worker at all; and none left as a zombie.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/common/temporary_directory.hpp"
#include "tuner/child_process.hpp"
#include "tuner/worker_measurer.hpp"

namespace attune::tuner {
namespace {

using testing::HasSubstr;

class ChildProcessTest : public testing::Test {
 protected:
  // A shell script that stands in for a worker.
  std::string script(const std::string& body) {
    const auto path = directory_ / ("child" + std::to_string(count_++) + ".sh");
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }
  static bool no_children() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

  void TearDown() override { EXPECT_TRUE(no_children()) << "a zombie or a running child is left"; }

  test::TemporaryDirectory directory_;
  int count_ = 0;
};

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_F(ChildProcessTest, TalksInLines) {
  auto child = ChildProcess::spawn(script("while read line; do echo \"$1: $line\"; done"), "worker");
  ASSERT_TRUE(child.ok()) << child.error().message();
  for (const char* text : {"one", "two", "three"}) {
    ASSERT_TRUE((*child)->send(text).ok());
    const auto answer = (*child)->receive(10, nullptr);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(*answer, std::string("worker: ") + text);
  }
}

TEST_F(ChildProcessTest, TwoLinesInOnePacketAreTwoLines) {
  auto child = *ChildProcess::spawn(script("printf 'a\\nb\\n\\nc'; sleep 0.05; printf 'd\\n'"), "worker");
  for (const char* expected : {"a", "b", "", "cd"}) EXPECT_EQ(*child->receive(10, nullptr), expected);
}

TEST_F(ChildProcessTest, AMissingProgramIsToldWithARemedy) {
  const auto child = ChildProcess::spawn("/nonexistent/attune", "worker");
  ASSERT_FALSE(child.ok());
  EXPECT_THAT(child.error().message(), HasSubstr("/nonexistent/attune"));
  EXPECT_THAT(child.error().message(), HasSubstr("worker_program"));
}

TEST_F(ChildProcessTest, AHangIsKilledInTime) {
  auto child = *ChildProcess::spawn(script("trap '' TERM INT HUP; while true; do sleep 1; done"), "worker");
  const double took = seconds([&] {
    EXPECT_EQ(child->receive(0.2, nullptr).error().status(), Status::timed_out);
    EXPECT_THAT(child->end(), HasSubstr("SIGKILL"));
  });
  EXPECT_LT(took, 3);
}

TEST_F(ChildProcessTest, CancellingIsSeenAtOnce) {
  auto child = *ChildProcess::spawn(script("sleep 30"), "worker");
  std::atomic<bool> cancel = false;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancel = true;
  });
  const double took = seconds([&] { EXPECT_EQ(child->receive(20, &cancel).error().status(), Status::cancelled); });
  EXPECT_LT(took, 5);
}

TEST_F(ChildProcessTest, ACrashIsNamedWithItsLastWords) {
  auto child = *ChildProcess::spawn(script("echo 'the driver says no' >&2; kill -SEGV $$"), "worker");
  EXPECT_EQ(child->receive(10, nullptr).error().status(), Status::io_error);
  EXPECT_THAT(child->end(), HasSubstr("SIGSEGV"));
  EXPECT_EQ(child->last_words(), "the driver says no");
}

TEST_F(ChildProcessTest, SendingToTheDeadIsAnErrorNotASignal) {
  auto child = *ChildProcess::spawn(script("exit 3"), "worker");
  EXPECT_EQ(child->receive(10, nullptr).error().status(), Status::io_error);
  EXPECT_THAT(child->end(), HasSubstr("exited with 3"));
  const std::string large(1 << 20, 'x');
  EXPECT_FALSE(child->send(large).ok());  // a SIGPIPE would end this test program
}

TEST_F(ChildProcessTest, BabbleWithoutALineEndIsRefused) {
  auto child = *ChildProcess::spawn(script("head -c 3000000 /dev/zero; sleep 30"), "worker");
  EXPECT_EQ(child->receive(20, nullptr).error().status(), Status::internal);
}

TEST_F(ChildProcessTest, InheritsNoDescriptorsAndHasItsOwnGroup) {
  const int secret = fcntl(STDERR_FILENO, F_DUPFD, 77);  // without close-on-exec, as a host program's may be
  auto child = *ChildProcess::spawn(
      script("ls /proc/$$/fd | tr '\\n' ' '; echo; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat"), "worker");
  const auto descriptors = child->receive(10, nullptr);
  ASSERT_TRUE(descriptors.ok());
  std::istringstream listed(*descriptors);
  for (int descriptor = 0; listed >> descriptor;) EXPECT_NE(descriptor, secret) << *descriptors;
  EXPECT_EQ(std::stoi(*child->receive(10, nullptr)), child->id());
  close(secret);
}

TEST_F(ChildProcessTest, ProgramsThatAreNoWorkerAreRefused) {
  for (const char* body : {"exit 0", "echo Python 3.11", "echo '{}'"}) {
    WorkerOptions options;
    options.program = script(body);
    WorkerMeasurer measurer(std::move(options));
    const auto measured = measurer.measure({Config(), {}, true});
    ASSERT_FALSE(measured.ok()) << body;
    EXPECT_THAT(measured.error().message(), HasSubstr("worker"));
  }
}

TEST_F(ChildProcessTest, TheWorkerEndsWhenItsTunerIsKilled) {
  // A stand-in for the tuner starts the worker (this program) and is killed; the worker must not outlive it.
  const std::string worker = std::filesystem::read_symlink("/proc/self/exe").string();
  auto tuner = *ChildProcess::spawn(
      script("mkfifo " + (directory_ / "in").string() + "; " + worker + " worker < " + (directory_ / "in").string() +
             " & exec 9> " + (directory_ / "in").string() + "; echo $!; sleep 30"),
      "worker");
  // Its greeting says that it has asked the kernel to be killed with its parent.
  pid_t id = 0;
  for (bool greeted = false; id == 0 || !greeted;) {
    const auto received = tuner->receive(20, nullptr);
    ASSERT_TRUE(received.ok());
    const bool greeting = received->find("protocol") != std::string::npos;
    if (!greeting) id = std::stoi(*received);
    greeted = greeted || greeting;
  }
  tuner->end();
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = kill(id, 0) != 0;
    // Reparented to init, or to a subreaper that may take its time: a zombie is dead enough.
    std::ifstream stat("/proc/" + std::to_string(id) + "/stat");
    std::string number, name, state;
    if (stat >> number >> name >> state) gone = gone || state == "Z";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace attune::tuner
