#include "emulator/emulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>

#include "common/thread_pool.hpp"
#include "emulator/machine/builder.hpp"
#include "emulator/machine/cta.hpp"
#include "emulator/ptx/parser.hpp"

namespace attune::emulator {
namespace {

// Shared memory a CTA can have, by architecture: CUDA C++ programming guide, "Technical specifications per compute
// capability", less the KiB the system keeps.
int64_t shared_limit_bytes(int architecture) {
  switch (architecture) {
    case 80:
    case 87: return 163 * 1024;
    case 86:
    case 89:
    case 120:
    case 121: return 99 * 1024;
    case 90:
    case 100:
    case 101:
    case 103:
    case 110: return 227 * 1024;
    default: return architecture < 80 ? 64 * 1024 : 99 * 1024;
  }
}

constexpr uint32_t kMaxThreads = 1024;
constexpr uint32_t kMaxCluster = 16;

int parse_architecture(std::string_view target) {
  int value = 0;
  if (target.starts_with("sm_")) {
    target.remove_prefix(3);
    std::from_chars(target.data(), target.data() + target.size(), value);
  }
  return value;
}

Error bad_launch(std::string_view what) { return {Status::invalid_argument, fmt::format("cannot launch: {}", what)}; }

Result<void> check_shape(const Program& program, const Kernel& kernel, const LaunchShape& shape, size_t parameter_bytes) {
  uint64_t threads = 1;
  uint64_t cluster = 1;
  for (size_t i = 0; i < 3; ++i) {
    if (shape.grid[i] == 0 || shape.block[i] == 0 || shape.cluster[i] == 0) {
      return bad_launch("a dimension of grid, block or cluster is zero; make all of them at least 1");
    }
    threads *= shape.block[i];
    cluster *= shape.cluster[i];
    if (threads > kMaxThreads || cluster > kMaxCluster) {
      return bad_launch("more than 1024 threads in a block or 16 blocks in a cluster; make them smaller");
    }
    if (shape.grid[i] % shape.cluster[i] != 0) {
      return bad_launch(fmt::format("the grid's dimension {} is {}, not a multiple of the cluster's {}; round it up", i,
                                    shape.grid[i], shape.cluster[i]));
    }
  }
  if (shape.grid[1] > 65535 || shape.grid[2] > 65535) {
    return bad_launch("grid dimensions y and z end at 65535; fold the rest into x");
  }
  if (kernel.reqntid[0] != 0 && kernel.reqntid != shape.block) {
    return bad_launch(fmt::format("'{}' needs blocks of {}x{}x{} threads; launch it so", kernel.name, kernel.reqntid[0],
                                  kernel.reqntid[1], kernel.reqntid[2]));
  }
  const uint64_t max_threads = uint64_t{kernel.maxntid[0]} * kernel.maxntid[1] * kernel.maxntid[2];
  if (max_threads != 0 && threads > max_threads) {
    return bad_launch(fmt::format("'{}' is compiled for at most {} threads in a block, not {}; launch fewer", kernel.name,
                                  max_threads, threads));
  }
  const int64_t shared = kernel.static_shared_bytes + shape.dynamic_shared_bytes;
  const int64_t limit = shared_limit_bytes(program.architecture);
  if (shape.dynamic_shared_bytes < 0 || shared > limit) {
    return bad_launch(
        fmt::format("'{}' wants {} bytes of shared memory ({} of them static), {} has {} a block; use smaller "
                    "tiles or fewer stages",
                    kernel.name, shared, kernel.static_shared_bytes, program.target, limit));
  }
  if (parameter_bytes < static_cast<size_t>(kernel.parameter_bytes)) {
    return bad_launch(fmt::format("'{}' has {} bytes of parameters, {} were given; pass the whole block", kernel.name,
                                  kernel.parameter_bytes, parameter_bytes));
  }
  return {};
}

void fill_constants(Launch& launch) {
  const Kernel& kernel = *launch.kernel;
  launch.constant_registers.resize(static_cast<size_t>(kernel.constant_units) * kUnitBytes);
  for (size_t i = 0; i < kernel.constants.size(); ++i) {
    const Constant& constant = kernel.constants[i];
    uint64_t bits = constant.bits;
    if (constant.base == Constant::Base::module) bits += reinterpret_cast<uint64_t>(launch.module_memory.data());
    std::byte* const slot =
        launch.constant_registers.data() + static_cast<size_t>(kernel.constant_slots[i] & ~kConstantBank) * kUnitBytes;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (constant.wide) {
        std::memcpy(slot + lane * 8, &bits, 8);
      } else {
        const auto low = static_cast<uint32_t>(bits);
        std::memcpy(slot + lane * 4, &low, 4);
      }
    }
  }
}

}  // namespace

Result<std::shared_ptr<const Program>> load(std::string_view ptx) {
  ATTUNE_TRY(const ptx::Module module, ptx::parse(ptx));
  auto program = std::make_shared<Program>();
  program->target = module.target;
  program->architecture = parse_architecture(module.target);
  ATTUNE_TRY(const ModuleLayout layout, lay_out_module(module));
  program->data = layout.data;
  for (size_t i = 0; i < module.functions.size(); ++i) {
    const ptx::Function& function = module.functions[i];
    if (!function.is_entry || !function.has_body) continue;
    ATTUNE_TRY(Kernel kernel, build_kernel(module, layout, static_cast<int32_t>(i), program->architecture));
    program->kernels.push_back(std::move(kernel));
  }
  return std::shared_ptr<const Program>(std::move(program));
}

std::string_view target(const Program& program) { return program.target; }

std::vector<KernelFacts> kernels(const Program& program) {
  std::vector<KernelFacts> list;
  for (const Kernel& kernel : program.kernels) {
    KernelFacts facts;
    facts.entry = kernel.name;
    facts.parameter_bytes = kernel.parameter_bytes;
    facts.static_shared_bytes = kernel.static_shared_bytes;
    facts.required_block = kernel.reqntid;
    facts.max_threads = kernel.maxntid[0] * kernel.maxntid[1] * kernel.maxntid[2];
    for (const Parameter& parameter : kernel.parameters)
      facts.parameters.push_back({parameter.offset_bytes, parameter.size_bytes});
    list.push_back(std::move(facts));
  }
  return list;
}

Result<Counters> run(const Program& program, const LaunchShape& shape, std::span<const std::byte> parameters,
                     std::span<const MemoryRegion> regions, const Options& options, ThreadPool* pool) {
  const auto kernel = std::find_if(program.kernels.begin(), program.kernels.end(),
                                   [&](const Kernel& candidate) { return candidate.name == shape.entry; });
  if (kernel == program.kernels.end()) {
    return Error(Status::not_found, fmt::format("the module has no kernel '{}'; use the name of an .entry", shape.entry));
  }
  ATTUNE_CHECK(check_shape(program, *kernel, shape, parameters.size()));
  Launch launch;
  launch.program = &program;
  launch.kernel = &*kernel;
  launch.shape = shape;
  launch.options = options;
  launch.parameters = parameters;
  launch.regions = Regions(regions);
  launch.module_memory = program.data.image;
  for (const auto& relocation : program.data.relocations) {
    const uint64_t address =
        reinterpret_cast<uint64_t>(launch.module_memory.data()) + static_cast<uint64_t>(relocation.target_bytes);
    std::memcpy(launch.module_memory.data() + relocation.offset_bytes, &address, sizeof address);
  }
  for (const ModuleData::Item& item : program.data.items) {
    launch.regions.add({launch.module_memory.data() + item.offset_bytes, item.size_bytes, item.name, item.writable});
  }
  launch.shared_end_bytes = kernel->dynamic_start_bytes + shape.dynamic_shared_bytes;
  fill_constants(launch);

  const std::array<uint32_t, 3> clusters = {shape.grid[0] / shape.cluster[0], shape.grid[1] / shape.cluster[1],
                                            shape.grid[2] / shape.cluster[2]};
  const int64_t count = int64_t{clusters[0]} * clusters[1] * clusters[2];
  std::vector<std::unique_ptr<Cluster>> machines(static_cast<size_t>(pool != nullptr ? pool->size() : 1));
  std::mutex mutex;
  std::optional<Error> error;
  int64_t error_cluster = count;
  auto body = [&](int64_t begin, int64_t end, int worker) {
    auto& machine = machines[static_cast<size_t>(worker)];
    if (!machine) machine = std::make_unique<Cluster>(launch);
    for (int64_t i = begin; i < end; ++i) {
      {
        const std::scoped_lock lock(mutex);
        if (error && error_cluster < i) return;
      }
      const auto x = static_cast<uint32_t>(i % clusters[0]);
      const auto y = static_cast<uint32_t>(i / clusters[0] % clusters[1]);
      const auto z = static_cast<uint32_t>(i / clusters[0] / clusters[1]);
      const auto result = machine->run({x * shape.cluster[0], y * shape.cluster[1], z * shape.cluster[2]});
      if (!result.ok()) {
        // The report of the first CTA in the grid, whatever the number of threads.
        const std::scoped_lock lock(mutex);
        if (i < error_cluster) {
          error = result.error();
          error_cluster = i;
        }
        machine.reset();
        return;
      }
    }
  };
  if (pool != nullptr) {
    pool->parallel_for(count, 1, body);
  } else {
    body(0, count, 0);
  }
  if (error) return *error;
  Counters counters;
  for (const auto& machine : machines) {
    if (machine) counters.merge(machine->counters());
  }
  return counters;
}

}  // namespace attune::emulator
