// attune doctor: what this machine offers, what is missing, and the next step.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "cli/context_options.hpp"
#include "cli/findings.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shapes/words.hpp"
#include "cli/verbs/verbs.hpp"
#include "common/cores.hpp"
#include "common/files.hpp"

namespace attune::cli {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) return std::string(trim(line.substr(colon + 1)));
  }
  return "unknown";
}

void look_at_host(Findings& found) {
  utsname system{};
  uname(&system);
  const std::string name = fmt::format("{} {}, {}", system.sysname, system.release, system.machine);
  found.json["host"] = {{"system", name}, {"cpu", cpu_model()}, {"usable_cores", usable_cores()}};
  found.lines.add("host", name);
  found.lines.add("cpu", fmt::format("{}, {} usable cores", cpu_model(), usable_cores()));
}

std::vector<std::string> usable_isas(runtime::DeviceOptions options) {
  std::vector<std::string> usable;
  options.threads = 1;
  for (const char* isa : {"avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable"}) {
    options.cpu_isa = isa;
    if (runtime::open_device(options).ok()) usable.emplace_back(isa);
  }
  return usable;
}

void look_at_device(const runtime::DeviceOptions& options, Findings& found) {
  const auto device = runtime::open_device(options);
  if (!device) {
    found.json["device"] = {{"name", options.name}, {"message", device.error().message()}};
    found.lines.add("device", fmt::format("{}: {}", options.name, device.error().message()));
    found.broken.push_back(fmt::format("device {}: {}", options.name, device.error().message()));
    return;
  }
  const DeviceClass& facts = (*device)->device_class();
  const bool host = facts.kind == "cpu";
  const std::string compiler = (*device)->compiler().identity(host ? SourceKind::llvm_ir : SourceKind::cuda_cpp);
  found.json["device"] = {{"name", (*device)->name()},
                          {"class", Json::parse(facts.to_json(), nullptr, false)},
                          {"compiler", compiler},
                          {"clock_mhz", (*device)->clock_mhz()}};
  found.lines.add("device", fmt::format("{}: {}, kernels for {}, {} {}", (*device)->name(), facts.name, facts.arch,
                                        facts.compute_units, host ? "threads" : "SMs"));
  found.lines.add("caches",
                  fmt::format("L1 {}, L2 {}, L3 {}; memory {}", size_text(facts.l1_bytes), size_text(facts.l2_bytes),
                              size_text(facts.l3_bytes), size_text(facts.memory_bytes)));
  found.lines.add("compiler", compiler.substr(0, compiler.find(';')));  // the rest are passes and options: in the JSON
  if (!host) {
    const auto usable = (*device)->compiler().can_compile(SourceKind::cuda_cpp);
    if (!usable.ok() && !(*device)->compiler().can_compile(SourceKind::llvm_ir).ok()) {
      found.broken.push_back(fmt::format("device {}: {}", options.name, usable.error().message()));
    }
    return;
  }
  const auto isas = usable_isas(options);
  found.json["device"]["isas"] = isas;
  found.lines.add("isas", fmt::format("{}", fmt::join(isas, ", ")));
  if (facts.l3_bytes == 0 && facts.l2_bytes == 0) {
    found.hints.emplace_back("cache sizes are not known here, so heuristics use defaults; tune the shapes that matter");
  }
}

void look_at_other_devices(const runtime::DeviceOptions& chosen, Findings& found) {
  found.json["other_devices"] = Json::array();
  for (const char* name : {"cpu", "cuda:0", "emulated:sm_90a"}) {
    if (chosen.name == name) continue;
    runtime::DeviceOptions options = chosen;
    options.name = name;
    const auto device = runtime::open_device(options);
    const std::string message = device ? "available" : device.error().message();
    found.json["other_devices"].push_back({{"name", name}, {"available", device.ok()}, {"message", message}});
    found.lines.add("", fmt::format("{}: {}", name, message));
  }
}

std::string permissions_of(const std::filesystem::path& directory, Json& json) {
  struct stat facts{};
  if (stat(directory.c_str(), &facts) != 0) return "does not exist yet";
  json["mode"] = fmt::format("{:04o}", facts.st_mode & 07777U);
  json["owned"] = facts.st_uid == geteuid();
  return fmt::format("mode {:04o}, {}", facts.st_mode & 07777U, facts.st_uid == geteuid() ? "yours" : "of another user");
}

// Both stores tell the same facts; `count` is their number of rows.
template <class Health>
void look_at_store(std::string_view name, std::string_view option, const std::filesystem::path& directory,
                   const Health& health, int64_t count, bool read_only_wanted, Findings& found) {
  Json json = {{"directory", directory.string()},
               {"file", health.file},
               {"state", health.state},
               {"notice", health.notice},
               {"rows", count},
               {"size_bytes", health.size_bytes},
               {"schema_version", health.schema_version}};
  if (directory.empty()) {
    found.lines.add(name, "in memory only, as asked for");
  } else {
    const FileSystem system = file_system_of(directory);
    json["file_system"] = system.kind;
    json["network"] = system.network;
    found.lines.add(name, fmt::format("{}: {}, {} on {}{}", directory.string(), health.state,
                                      permissions_of(directory, json), system.kind, system.network ? " (network)" : ""));
    found.lines.add("", fmt::format("{} rows, {}, schema {}", count, size_text(health.size_bytes), health.schema_version));
    if (health.state == "memory") {
      found.broken.push_back(fmt::format("{} are lost at exit: {}; make the directory writable, or choose another with {}",
                                         name, health.notice.empty() ? "the store could not be opened" : health.notice,
                                         option));
    } else if (health.state != "ok" && !(health.state == "read_only" && read_only_wanted)) {
      found.hints.push_back(fmt::format("{} are {}: {}", name, health.state, health.notice));
    }
  }
  found.json["stores"][std::string(name)] = std::move(json);
}

Result<Report> examine(const ContextArguments& arguments) {
  ATTUNE_TRY(const auto options, context_options(arguments));
  Findings found;
  look_at_host(found);
  look_at_gpus(options.device, found);  // before a device loads the compiler that is looked for
  look_at_device(options.device, found);
  look_at_other_devices(options.device, found);
  const auto records = cache::RecordStore::open(options.records)->health();
  look_at_store("records", "--records-dir", options.records.user_directory, records, records.records,
                options.records.read_only, found);
  const auto kernels = cache::KernelStore::open(options.kernels)->health();
  look_at_store("kernels", "--kernels-dir", options.kernels.user_directory, kernels, kernels.kernels,
                options.kernels.read_only, found);

  Report out;
  found.json["broken"] = found.broken;
  found.json["hints"] = found.hints;
  for (const std::string& text : found.broken) found.lines.add("BROKEN", text);
  for (const std::string& text : found.hints) found.lines.add("hint", text);
  if (found.broken.empty()) {
    found.lines.add("verdict", "ready");
  } else {
    out.code = ExitCode::environment;
    out.complaint =
        fmt::format("{} of the things it needs are broken: {}", found.broken.size(), fmt::join(found.broken, "; "));
  }
  out.json = std::move(found.json);
  out.text = found.lines.text();
  return out;
}

}  // namespace

void add_doctor(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "doctor", "Examines host, device, compiler and stores; says what is missing and what to do",
                       "attune doctor --json");
  const auto a = std::make_shared<ContextArguments>();
  add_context_options(verb, *a);
  program.on(verb, [a] { return examine(*a); });
}

}  // namespace attune::cli
