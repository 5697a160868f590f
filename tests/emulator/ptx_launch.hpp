// Runs PTX text of a test: parameters by value or by buffer, one call.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "emulator/emulator.hpp"

namespace attune::emulator {

class PtxLaunch {
 public:
  // `body` is what stands between the braces of entry "k"; `parameters` its parameter list; `before` what stands before it.
  PtxLaunch(const std::string& target, const std::string& parameters, const std::string& body,
            const std::string& before = {})
      : text_(".version 9.0\n.target " + target + "\n.address_size 64\n" + before + ".visible .entry k(" + parameters +
              ")\n{\n" + body + "\n}\n") {
    shape.entry = "k";
    shape.block = {32, 1, 1};
  }

  // A pointer parameter to memory of the test.
  template <class T>
  PtxLaunch& buffer(std::vector<T>& data, const std::string& name, bool writable = true) {
    regions_.push_back(
        {reinterpret_cast<std::byte*>(data.data()), static_cast<int64_t>(data.size() * sizeof(T)), name, writable});
    return value(reinterpret_cast<uint64_t>(data.data()));
  }
  // Memory that the kernel reaches through something else, like a tensor map.
  template <class T>
  PtxLaunch& region(std::vector<T>& data, const std::string& name, bool writable = true) {
    regions_.push_back(
        {reinterpret_cast<std::byte*>(data.data()), static_cast<int64_t>(data.size() * sizeof(T)), name, writable});
    return *this;
  }
  template <class T>
  PtxLaunch& value(const T& parameter, size_t alignment = alignof(T)) {
    static_assert(std::is_trivially_copyable_v<T>);
    parameters_.resize((parameters_.size() + alignment - 1) / alignment * alignment);
    const auto* const bytes = reinterpret_cast<const std::byte*>(&parameter);
    parameters_.insert(parameters_.end(), bytes, bytes + sizeof(T));
    return *this;
  }

  Result<Counters> run() const {
    ATTUNE_TRY(const std::shared_ptr<const Program> program, load(text_));
    return emulator::run(*program, shape, parameters_, regions_, options);
  }
  // The message of the failure that the test wants, or "it ran".
  std::string failure() const {
    const Result<Counters> result = run();
    return result.ok() ? "it ran" : result.error().message();
  }

  LaunchShape shape;
  Options options;

 private:
  std::string text_;
  std::vector<std::byte> parameters_;
  std::vector<MemoryRegion> regions_;
};

inline Counters expect_runs(const PtxLaunch& launch) {
  Result<Counters> result = launch.run();
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.value_or({});
}

}  // namespace attune::emulator
