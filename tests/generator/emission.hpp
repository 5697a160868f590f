// What the emission tests share: a device class without a device, and running a piece of emitted code on the host.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "generator/family.hpp"
#include "generator/llvm/builder.hpp"

namespace attune {

DeviceClass test_cpu(const std::string& arch);
DeviceClass test_gpu(const std::string& arch);  // 108 SMs

// The archs of this list that the machine running the tests can execute; "portable" is always among them.
std::vector<std::string> host_archs();

// Emits a loop that applies `body` to one register after the other: it reads `lanes` elements at `in`, writes at `out`, each
// `in_bytes` and `out_bytes` wide. Compiles it for `arch` and runs it over `count` elements (a multiple of 16).
void run_elementwise(const std::string& arch, const void* in, int64_t in_bytes, void* out, int64_t out_bytes, int64_t count,
                     const std::function<void(ir::Builder&, ir::Value* in, ir::Value* out)>& body);

}  // namespace attune
