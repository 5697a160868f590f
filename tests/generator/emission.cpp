#include "tests/generator/emission.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/device.hpp"

namespace attune {

DeviceClass test_cpu(const std::string& arch) {
  DeviceClass device;
  device.kind = "cpu";
  device.name = "test";
  device.arch = arch;
  device.compute_units = 2;
  device.l1_bytes = 48 * 1024;
  device.l2_bytes = 1024 * 1024;
  return device;
}

DeviceClass test_gpu(const std::string& arch) {
  DeviceClass device;
  device.kind = "cuda";
  device.name = "test";
  device.arch = arch;
  device.compute_units = 108;
  return device;
}

std::vector<std::string> host_archs() {
  std::vector<std::string> archs;
  for (const char* isa : {"avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable"}) {
    runtime::DeviceOptions options;
    options.threads = 1;
    options.cpu_isa = isa;
    if (auto device = runtime::open_device(options); device.ok()) archs.push_back((*device)->device_class().arch);
  }
  return archs;
}

void run_elementwise(const std::string& arch, const void* in, int64_t in_bytes, void* out, int64_t out_bytes, int64_t count,
                     const std::function<void(ir::Builder&, ir::Value* in, ir::Value* out)>& body) {
  const ir::Target target = ir::target_of(arch);
  ir::Builder b("elementwise", target);
  auto* f =
      b.function("elementwise", {{"arguments", b.ptr()}, {"begin", b.i64()}, {"end", b.i64()}, {"scratch", b.ptr()}}, true);
  ir::Value* from = b.load(b.ptr(), f->getArg(0), 8);
  ir::Value* to = b.load(b.ptr(), b.at(f->getArg(0), 8), 8);
  b.loop("i", f->getArg(1), f->getArg(2), 1, [&](ir::Value* i) {
    body(b, b.at(from, b.mul(i, b.count(target.lanes * in_bytes))), b.at(to, b.mul(i, b.count(target.lanes * out_bytes))));
  });
  b.finish();

  Source source;
  source.text = b.text();
  source.target_cpu = target.cpu;
  source.target_features = target.features;
  source.entries = {"elementwise"};
  runtime::DeviceOptions options;
  options.threads = 1;
  auto device = runtime::open_device(options);
  ASSERT_TRUE(device.ok()) << device.error().message();
  auto binary = (*device)->compiler().compile(source);
  ASSERT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
  auto kernel = (*device)->load(*binary);
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();
  Launch launch;
  launch.entry = "elementwise";
  launch.grid = {count / target.lanes, 1, 1};
  launch.grain = launch.grid[0];
  ASSERT_TRUE((*device)->reserve({&launch, 1}).ok());
  ArgumentBlock arguments;
  const void* pointers[] = {in, out};
  std::memcpy(arguments.bytes.data(), pointers, sizeof pointers);
  arguments.used_bytes = sizeof pointers;
  ASSERT_TRUE((*device)->launch(**kernel, {&launch, 1}, arguments, nullptr).ok());
}

}  // namespace attune
