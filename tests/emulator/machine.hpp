// Runs a few lines of PTX on one warp or block, with inputs and results in arrays.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "emulator/emulator.hpp"

namespace attune::emulator::test {

inline std::shared_ptr<const Program> load_or_fail(const std::string& ptx) {
  auto program = load(ptx);
  EXPECT_TRUE(program.ok()) << program.error().message() << "\n" << ptx;
  return program.ok() ? *program : nullptr;
}

inline std::string module_text(const std::string& target, const std::string& rest) {
  return ".version 8.7\n.target " + target + "\n.address_size 64\n" + rest;
}

// A kernel `k` with pointer parameters p0 ... and `body`, in which %t is the thread's index in the block, %q0 ... are the
// pointers and %r0-%r31, %l0-%l31, %h0-%h15, %f0-%f31, %e0-%e15, %p0-%p15 are declared.
inline std::string kernel_text(int pointers, const std::string& body, const std::string& target = "sm_90a",
                               const std::string& variables = "") {
  std::string text = variables + ".visible .entry k(";
  for (int i = 0; i < pointers; ++i) text += (i > 0 ? ", " : "") + std::string(".param .u64 p") + std::to_string(i);
  text +=
      ")\n{\n.reg .b32 %t; .reg .b32 %r<32>; .reg .b64 %l<32>; .reg .b16 %h<16>; .reg .f32 %f<32>; .reg .f64 %e<16>;\n"
      ".reg .pred %p<16>; .reg .b64 %q<8>;\nmov.u32 %t, %tid.x;\n";
  for (int i = 0; i < pointers; ++i) text += "ld.param.u64 %q" + std::to_string(i) + ", [p" + std::to_string(i) + "];\n";
  return module_text(target, text + body + "\nret;\n}\n");
}

// Buffers of a launch, in the order of the pointers.
class Launcher {
 public:
  explicit Launcher(std::string text) : program_(load_or_fail(text)) {}

  template <class T>
  Launcher& buffer(std::vector<T>& data, const std::string& name, bool writable = true) {
    regions_.push_back(
        {reinterpret_cast<std::byte*>(data.data()), static_cast<int64_t>(data.size() * sizeof(T)), name, writable});
    return *this;
  }
  Launcher& threads(uint32_t count) {
    shape_.block = {count, 1, 1};
    return *this;
  }
  LaunchShape& shape() { return shape_; }
  Options& options() { return options_; }

  Result<Counters> run(ThreadPool* pool = nullptr) {
    if (!program_) return Error(Status::invalid_argument, "the program did not load");
    shape_.entry = "k";
    std::vector<uint64_t> parameters;
    for (const MemoryRegion& region : regions_) parameters.push_back(reinterpret_cast<uint64_t>(region.data));
    return emulator::run(*program_, shape_, std::as_bytes(std::span(parameters)), regions_, options_, pool);
  }
  // Runs and expects success.
  Counters ok(ThreadPool* pool = nullptr) {
    auto result = run(pool);
    EXPECT_TRUE(result.ok()) << result.error().message();
    return result.ok() ? *result : Counters{};
  }
  // Runs and expects a report; returns its text.
  std::string report(Status status = Status::validation_failed) {
    auto result = run();
    EXPECT_FALSE(result.ok());
    if (result.ok()) return {};
    EXPECT_EQ(result.error().status(), status) << result.error().message();
    return result.error().message();
  }

 private:
  std::shared_ptr<const Program> program_;
  std::vector<MemoryRegion> regions_;
  LaunchShape shape_;
  Options options_;
};

// --- one instruction, many values
// ------------------------------------------------------------------------------------------

// An operand's type in memory and in a register.
template <class T>
struct RegisterOf {
  static constexpr const char* type = sizeof(T) == 8 ? "b64" : sizeof(T) == 4 ? "b32" : "b16";
};

template <class T>
std::vector<T> interesting_values(size_t count, uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values;
  if constexpr (std::is_floating_point_v<T>) {
    for (const double v : {0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 3.0e5, -7.0e-6, 1e30, -1e30, 1e-39, 65504.0, 1e-30}) {
      values.push_back(static_cast<T>(v));
    }
    values.push_back(std::numeric_limits<T>::infinity());
    values.push_back(-std::numeric_limits<T>::infinity());
    values.push_back(std::numeric_limits<T>::quiet_NaN());
    std::uniform_real_distribution<double> uniform(-20.0, 20.0);
    while (values.size() < count) values.push_back(static_cast<T>(uniform(random)));
  } else {
    for (const int64_t v : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{2}, int64_t{31}, int64_t{32}, int64_t{33},
                            int64_t{63}, int64_t{64}, int64_t{255}, int64_t{-128}, int64_t{0x7fff}, int64_t{0x8000},
                            int64_t{0x7fffffff}, int64_t{0x80000000}, INT64_MAX, INT64_MIN}) {
      values.push_back(static_cast<T>(v));
    }
    while (values.size() < count) values.push_back(static_cast<T>(random()));
  }
  std::shuffle(values.begin(), values.end(), random);
  values.resize(count);
  return values;
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a && b != b) return true;
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// `instruction` works on %d and on %a, %b, %c, %x as far as there are sources; `expected(a, b, ...)` is computed here.
// 256 combinations; integers and floats contain their special values.
template <class R, class... A, class F>
void check_instruction(const std::string& instruction, F expected, const std::string& target = "sm_90a") {
  constexpr size_t kCount = 256;
  SCOPED_TRACE(instruction);
  static constexpr const char* kNames[] = {"a", "b", "c", "x"};
  std::string body = "{ .reg .b32 %s; .reg ." + std::string(RegisterOf<R>::type) + " %d;\n";
  int index = 0;
  const auto load_source = [&](const char* type, size_t bytes) {
    const std::string name = kNames[index];
    const std::string pointer = "%q" + std::to_string(index + 1);
    body += ".reg ." + std::string(type) + " %" + name + ";\nmul.wide.u32 %l0, %t, " + std::to_string(bytes) +
            ";\nadd.s64 %l0, " + pointer + ", %l0;\nld.global." + type + " %" + name + ", [%l0];\n";
    ++index;
  };
  (load_source(RegisterOf<A>::type, sizeof(A)), ...);
  body += instruction + "\nmul.wide.u32 %l0, %t, " + std::to_string(sizeof(R)) + ";\nadd.s64 %l0, %q0, %l0;\nst.global." +
          RegisterOf<R>::type + " [%l0], %d;\n}";
  Launcher launcher(kernel_text(1 + static_cast<int>(sizeof...(A)), body, target));
  std::vector<R> results(kCount);
  auto inputs = [&]<size_t... I>(std::index_sequence<I...>) {
    return std::tuple<std::vector<A>...>{interesting_values<A>(kCount, 7 + static_cast<uint32_t>(I))...};
  }(std::index_sequence_for<A...>{});
  launcher.buffer(results, "results").threads(kCount);
  std::apply([&](auto&... vectors) { (launcher.buffer(vectors, "input", false), ...); }, inputs);
  launcher.ok();
  for (size_t i = 0; i < kCount; ++i) {
    const R want = std::apply([&](auto&... vectors) { return static_cast<R>(expected(vectors[i]...)); }, inputs);
    if (same(want, results[i])) continue;
    std::string operands;
    std::apply([&](auto&... vectors) { ((operands += std::to_string(vectors[i]) + " "), ...); }, inputs);
    ADD_FAILURE() << instruction << " with " << operands << "gives " << +results[i] << ", expected " << +want;
    return;
  }
}

}  // namespace attune::emulator::test
