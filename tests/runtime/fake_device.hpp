// A device whose every step a test can count, slow down or make fail.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "runtime/device.hpp"

namespace attune::test {

// "Compiles" a source to bytes that start with "object:". A source that says "this is not IR" does not compile.
class FakeCompiler : public runtime::Compiler {
 public:
  std::string version = "1";
  std::chrono::milliseconds delay{0};
  mutable std::atomic<int> compiles{0};

  std::string identity(SourceKind) const override { return "fake " + version; }
  Result<void> can_compile(SourceKind) const override { return {}; }
  Result<runtime::Binary> compile(const Source& source) const override {
    compiles.fetch_add(1);
    std::this_thread::sleep_for(delay);
    if (source.text.find("this is not IR") != std::string::npos) {
      return Error(Status::compile_failed, "The source is broken: mend it.", "line 1: broken");
    }
    runtime::Binary binary;
    binary.bytes = "object:" + source.text;
    binary.entries = source.entries;
    binary.compile_ms = 1;
    return binary;
  }
  Result<std::string> optimised(const Source& source) const override { return source.text; }
  Result<std::string> assembly(const Source& source) const override { return source.text; }
};

struct FakeKernel : runtime::LoadedKernel {
  std::string bytes;
};

class FakeDevice : public runtime::Device {
 public:
  FakeDevice() {
    device_class_.kind = "cpu";
    device_class_.name = "fake";
    device_class_.arch = "portable";
    device_class_.compute_units = 4;
  }

  FakeCompiler fake_compiler;
  DeviceClass device_class_;
  std::atomic<bool> capturing{false};
  std::atomic<bool> refuse_reserve{false};
  std::atomic<int> loads{0}, launched{0}, reserved{0};

  std::string name() const override { return "fake"; }
  const DeviceClass& device_class() const override { return device_class_; }
  const runtime::Compiler& compiler() const override { return fake_compiler; }
  Result<runtime::KernelPtr> load(const runtime::Binary& binary) override {
    loads.fetch_add(1);
    if (!binary.bytes.starts_with("object:"))
      return Error(Status::load_failed, "Not an object: compile again.", "bad magic");
    auto kernel = std::make_shared<FakeKernel>();
    kernel->bytes = binary.bytes;
    return runtime::KernelPtr(kernel);
  }
  Result<void> reserve(std::span<const Launch>) override {
    reserved.fetch_add(1);
    if (refuse_reserve) return Error(Status::out_of_memory, "No scratch: free memory.");
    return {};
  }
  Result<void> launch(const runtime::LoadedKernel&, std::span<const Launch>, const ArgumentBlock&, runtime::Stream,
                      std::span<const runtime::MemoryRegion>) override {
    launched.fetch_add(1);
    return {};
  }
  Result<void> synchronize(runtime::Stream) override { return {}; }
  bool is_capturing(runtime::Stream) const override { return capturing; }
  // Nothing here is about tools' memory.
  Result<runtime::DeviceMemory> allocate(int64_t) override { return no_memory(); }
  void release(runtime::DeviceMemory) override {}
  Result<void> copy_in(runtime::DeviceMemory, const void*, int64_t) override { return no_memory(); }
  Result<void> copy_out(void*, runtime::DeviceMemory, int64_t) override { return no_memory(); }
  Result<double> time_ms(const std::function<Result<void>()>& work, runtime::Stream) override {
    ATTUNE_CHECK(work());
    return 1.0;
  }
  Result<void> flush_cache() override { return {}; }
  double clock_mhz() const override { return 0; }

 private:
  static Error no_memory() { return {Status::unsupported, "The fake device has no memory: use the cpu device."}; }
};

}  // namespace attune::test
