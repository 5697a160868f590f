// Rows of the record store for one tuning session.
#include "tuner/recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "common/hash.hpp"
#include "common/log.hpp"

namespace attune::tuner {
namespace {

int64_t unix_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown");
}

cache::DeviceRow device_row(const DeviceClass& device) {
  cache::DeviceRow row;
  row.id = device.id();
  row.kind = device.kind;
  row.name = device.name;
  row.arch = device.arch;
  row.json = device.to_json();
  row.compute_units = device.compute_units;
  row.l2_bytes = device.l2_bytes;
  row.memory_bytes = device.memory_bytes;
  row.driver_major = device.driver_major;
  return row;
}

// Everything that turns a spec and a config into machine code, and nothing else.
cache::ToolchainRow toolchain_row(const runtime::Compiler& compiler, const Family& family) {
  cache::ToolchainRow row;
  row.compiler = compiler.identity(family.source_kind());
  const size_t space = row.compiler.find(' ');
  row.compiler_version = space == std::string::npos ? std::string() : row.compiler.substr(space + 1);
  row.generator_version = fmt::format("{} v{}", family.name(), family.version());
  row.json = nlohmann::json{{"compiler", row.compiler}, {"generator", row.generator_version}}.dump();
  row.id = sha256_hex(row.json);
  return row;
}

}  // namespace

Recorder::Recorder(runtime::Context& context, const Family& family, const Problem& problem, const RecorderOptions& options)
    : context_(context) {
  blank_.key = context.tuning_key(family, problem);
  blank_.problem = to_json(problem);
  blank_.cache_regime = options.cache_regime;
  const auto toolchain = toolchain_row(context.device().compiler(), family);
  blank_.toolchain_id = toolchain.id;
  context.records().add_device(device_row(context.device().device_class()));
  context.records().add_toolchain(toolchain);
  register_session(options);
}

void Recorder::register_session(const RecorderOptions& options) {
  cache::SessionRow session;
  session.host = host_name();
  session.command = "tune";
  session.budget = options.budget;
  session.seed = static_cast<int64_t>(options.seed);
  session.started_unix_ms = unix_ms();
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  session.id =
      sha256_hex(fmt::format("{}|{}|{}|{}|{}", session.host, getpid(), session.started_unix_ms, ticks, blank_.problem));
  blank_.session_id = session.id;
  context_.records().add_session(session);
}

std::string Recorder::commit(const Candidate& candidate) {
  cache::Record record = blank_;
  const Measurement& measured = candidate.measurement;
  record.config = candidate.config.to_json();
  record.status = measured.status;
  record.status_detail = measured.detail;
  record.statistics = candidate.statistics;
  record.clock_before_mhz = measured.clock_before_mhz;
  record.clock_after_mhz = measured.clock_after_mhz;
  record.compile_ms = candidate.compiled.compile_ms;
  record.registers = candidate.compiled.registers;
  record.spill_bytes = candidate.compiled.spill_bytes;
  record.shared_bytes = candidate.compiled.shared_bytes;
  record.code_bytes = candidate.compiled.code_bytes;
  record.validated = measured.validated;
  record.max_error = measured.max_error;
  record.tolerance = measured.tolerance;
  record.complexity = candidate.complexity;
  record.measured_unix_ms = unix_ms();
  if (const auto added = context_.records().add(record); !added) {
    log_once(LogLevel::warning, "tuner: record not added",
             fmt::format("a measurement could not be recorded: {}", added.error().message()));
  }
  return record.id();
}

void Recorder::retract(const std::string& record_id, const std::string& reason) {
  if (const auto marked = context_.records().mark_bad(record_id, reason); !marked) {
    log_once(LogLevel::warning, "tuner: record not retracted",
             fmt::format("a disturbed measurement could not be marked: {}", marked.error().message()));
  }
}

std::vector<Candidate> Recorder::known() const {
  std::map<std::string, cache::Record> latest;
  for (const auto& stored : context_.records().find(blank_.key)) {
    const cache::Record& record = stored.record;
    if (record.problem != blank_.problem || record.toolchain_id != blank_.toolchain_id ||
        record.cache_regime != blank_.cache_regime) {
      continue;
    }
    const auto [at, added] = latest.try_emplace(record.config, record);
    if (!added && record.measured_unix_ms > at->second.measured_unix_ms) at->second = record;
  }
  std::vector<Candidate> known;
  for (const auto& [text, record] : latest) {
    const auto config = Config::from_json(text);
    if (!config) continue;
    Candidate candidate;
    candidate.config = *config;
    candidate.compiled.compile_ms = record.compile_ms;
    candidate.compiled.registers = record.registers;
    candidate.compiled.spill_bytes = record.spill_bytes;
    candidate.compiled.shared_bytes = record.shared_bytes;
    candidate.compiled.code_bytes = record.code_bytes;
    candidate.measurement.status = record.status;
    candidate.measurement.detail = record.status_detail;
    candidate.measurement.validated = record.validated;
    candidate.measurement.max_error = record.max_error;
    candidate.measurement.tolerance = record.tolerance;
    candidate.statistics = record.statistics;
    candidate.complexity = record.complexity;
    candidate.record_id = record.id();
    known.push_back(std::move(candidate));
  }
  return known;
}

std::optional<cache::Record> Recorder::winner() const {
  for (const auto& stored : context_.records().find(blank_.key)) {
    const cache::Record& record = stored.record;
    if (record.problem == blank_.problem && record.status == "ok" && record.validated) return record;
  }
  return std::nullopt;
}

std::vector<Config> Recorder::seeds(const Space& space, size_t limit) const {
  cache::RecordStore& store = context_.records();
  std::vector<std::vector<cache::StoredRecord>> sources;
  sources.push_back(store.find(blank_.key));
  sources.push_back(store.find_other_buckets(blank_.key));
  sources.push_back(store.find_other_devices(blank_.key));

  // In turn from each source: a long list of one kind must not crowd out the others.
  std::vector<Config> seeds;
  std::set<std::string> taken;
  std::vector<size_t> next(sources.size(), 0);
  for (bool any = true; any && seeds.size() < limit;) {
    any = false;
    for (size_t source = 0; source < sources.size() && seeds.size() < limit; ++source) {
      while (next[source] < sources[source].size()) {
        const cache::Record& record = sources[source][next[source]++].record;
        if (record.status != "ok" || !record.validated || !taken.insert(record.config).second) continue;
        // This very problem on this device: known, not a seed (unless another toolchain made it, and then it is one).
        if (record.problem == blank_.problem && source == 0 && record.toolchain_id == blank_.toolchain_id &&
            record.cache_regime == blank_.cache_regime) {
          continue;
        }
        const auto config = Config::from_json(record.config);
        if (!config || !space.contains(*config)) continue;
        seeds.push_back(*config);
        any = true;
        break;
      }
    }
  }
  return seeds;
}

}  // namespace attune::tuner
