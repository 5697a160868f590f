// Runs the real `attune` program.
#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/files/tensor_file.hpp"
#include "common/files.hpp"
#include "generator/dtype_codec.hpp"

namespace attune::test {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

pid_t start(std::vector<std::string> arguments, std::vector<std::string> environment, const std::string& out,
            const std::string& err) {
  arguments.insert(arguments.begin(), ATTUNE_PROGRAM);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = -1;
  EXPECT_EQ(posix_spawn(&child, ATTUNE_PROGRAM, &actions, nullptr, pointers(arguments).data(), pointers(environment).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status); }

}  // namespace

Ended Program::run(const std::vector<std::string>& arguments, const std::vector<std::string>& extra) const {
  std::vector<std::string> environment = {"ATTUNE_RECORDS_DIR=" + path("records"), "ATTUNE_KERNELS_DIR=" + path("kernels")};
  environment.insert(environment.end(), extra.begin(), extra.end());
  const pid_t child = start(arguments, environment, path("stdout"), path("stderr"));
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return {code_of(status), content(path("stdout")), content(path("stderr"))};
}

Ended Program::run_and_signal(const std::vector<std::string>& arguments, int signal,
                              const std::function<bool(const std::string&)>& ready) const {
  const std::vector<std::string> environment = {"ATTUNE_RECORDS_DIR=" + path("records"),
                                                "ATTUNE_KERNELS_DIR=" + path("kernels")};
  const pid_t child = start(arguments, environment, path("stdout"), path("stderr"));
  bool sent = false;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (!sent && ready(content(path("stderr")))) {
      kill(child, signal);
      sent = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(sent) << "the program ended before it could be interrupted";
  return {code_of(status), content(path("stdout")), content(path("stderr"))};
}

void Program::save(const std::string& name, const cli::Array& array) const {
  const auto saved = cli::save_tensors(path(name), {{"x", &array}});
  ASSERT_TRUE(saved.ok()) << saved.error().message();
}

void Program::save_bytes(const std::string& name, const std::string& bytes) const {
  ASSERT_TRUE(write_file_atomically(path(name), bytes).ok());
}

cli::Array tensor(DType dtype, std::vector<int64_t> shape, uint64_t seed) {
  auto array = *cli::Array::allocate(dtype, std::move(shape));
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0; i < array.count(); ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    store_float(dtype, array.data(), i, static_cast<float>(static_cast<double>(state >> 40) * 0x1p-23 - 1));
  }
  return array;
}

cli::Array integers(DType dtype, const std::vector<int64_t>& values) {
  auto array = *cli::Array::allocate(dtype, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::i32) array.as<int32_t>()[i] = static_cast<int32_t>(values[i]);
    if (dtype == DType::i64) array.as<int64_t>()[i] = values[i];
  }
  return array;
}

}  // namespace attune::test
