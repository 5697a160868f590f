// The CUDA side of the doctor: what could be opened here, and why not what could not.
#include <fmt/format.h>

#include <algorithm>

#include "cli/findings.hpp"
#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/gpu_compiler.hpp"
#include "runtime/cuda/nvrtc_search.hpp"

namespace attune::cli {
namespace {

// The driver's CUDA major, or the newest that matters where there is no driver.
int look_at_driver(const runtime::DeviceOptions& options, Findings& found) {
  const auto inventory = runtime::take_cuda_inventory(options);
  Json& json = found.json["cuda"];
  if (!inventory.ok()) {
    json["driver"] = {{"available", false}, {"message", inventory.error().message()}};
    found.lines.add("driver", inventory.error().message());
    return runtime::Nvrtc::newest_major;
  }
  json["driver"] = {{"available", true}, {"path", inventory->driver_path}, {"cuda", inventory->driver_version}};
  found.lines.add("driver", fmt::format("serves CUDA {}, {}", inventory->driver_version, inventory->driver_path));
  int64_t major = runtime::Nvrtc::newest_major;
  for (size_t n = 0; n < inventory->gpus.size(); ++n) {
    const DeviceClass& gpu = inventory->gpus[n];
    major = std::min(major, gpu.driver_major);
    json["gpus"].push_back(
        {{"name", fmt::format("cuda:{}", n)}, {"class", Json::parse(gpu.to_json(), nullptr, false)}, {"id", gpu.id()}});
    found.lines.add("gpu", fmt::format("cuda:{}: {}, kernels for {}, {} SMs, L2 {}, memory {}", n, gpu.name, gpu.arch,
                                       gpu.compute_units, size_text(gpu.l2_bytes), size_text(gpu.memory_bytes)));
  }
  return static_cast<int>(major);
}

void look_at_nvrtc(const runtime::DeviceOptions& options, int newest_major, Findings& found) {
  const runtime::NvrtcSearch search = runtime::find_nvrtc(options.nvrtc, options.places, newest_major);
  Json json = {{"available", search.library != nullptr}};
  if (search.library) {
    json["version"] = search.library->version();
    json["path"] = search.library->path();
    json["build_id"] = search.library->build_id();
    json["archs"] = search.library->archs();
    found.lines.add("nvrtc", fmt::format("{} at {}, for {}", search.library->version(), search.library->path(),
                                         search.library->archs_text()));
  } else {
    json["message"] = search.missing().message();
    found.lines.add("nvrtc", search.missing().message());
    found.hints.push_back("kernels in CUDA C++ cannot be compiled: " + search.missing().message());
  }
  json["looked_at"] = Json::array();
  for (const runtime::LibraryProbe& probe : search.probes) {
    json["looked_at"].push_back(
        {{"place", probe.place}, {"path", probe.path}, {"outcome", probe.outcome}, {"used", probe.used}});
    found.lines.add("", fmt::format("{}: {}: {}{}", probe.place, probe.path, probe.outcome, probe.used ? ", used" : ""));
  }
  found.json["cuda"]["nvrtc"] = std::move(json);
}

void look_at_nvptx(Findings& found) {
  const runtime::GpuCompiler compiler("sm_80", runtime::GpuOutput::ptx, {});
  const auto usable = compiler.can_compile(SourceKind::llvm_ir);
  const std::string text = usable.ok() ? compiler.identity(SourceKind::llvm_ir) : usable.error().message();
  found.json["cuda"]["nvptx"] = {{"available", usable.ok()}, {"message", text}};
  found.lines.add("nvptx", text.substr(0, text.find(';')));
}

}  // namespace

void look_at_gpus(const runtime::DeviceOptions& options, Findings& found) {
  found.json["cuda"] = {{"gpus", Json::array()}};
  const int newest_major = look_at_driver(options, found);
  look_at_nvrtc(options, newest_major, found);
  look_at_nvptx(found);
}

}  // namespace attune::cli
