// How a plan, a time and a rate are told, the same in every verb.
#include "cli/plan_report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace attune::cli {
namespace {

using Json = nlohmann::ordered_json;

Json parsed(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

std::string three_digits(double value) { return fmt::format("{:.{}f}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2); }

std::string plural(int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

}  // namespace

std::string time_text(double ms) {
  if (!(ms > 0)) return "0 ms";
  if (ms < 0.9995) return three_digits(ms * 1000) + " us";
  if (ms < 9995) return three_digits(ms) + " ms";
  return three_digits(ms / 1000) + " s";
}

std::string age_text(int64_t unix_ms) {
  if (unix_ms <= 0) return "";
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const int64_t seconds = now.count() - unix_ms / 1000;
  if (seconds < 0) return "in the future";  // clocks of other machines
  if (seconds < 60) return plural(seconds, "second") + " ago";
  if (seconds < 3600) return plural(seconds / 60, "minute") + " ago";
  if (seconds < 48 * 3600) return plural(seconds / 3600, "hour") + " ago";
  return plural(seconds / 86400, "day") + " ago";
}

std::string size_text(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (value < 1024.0 * 1024) return fmt::format("{:.1f} KiB", value / 1024);
  if (value < 1024.0 * 1024 * 1024) return fmt::format("{:.1f} MiB", value / 1024 / 1024);
  return fmt::format("{:.1f} GiB", value / 1024 / 1024 / 1024);
}

std::optional<double> gflops(const Problem& problem, double ms) {
  if (problem.varlen || problem.kv_lengths || problem.sparsity.kind != SparsityKind::none || !(ms > 0)) return std::nullopt;
  return problem.flops() / ms / 1e6;
}

std::string status_counts(const std::vector<cache::StoredRecord>& records) {
  std::map<std::string, int64_t> counts;
  for (const cache::StoredRecord& stored : records) {
    const cache::Record& record = stored.record;
    ++counts[record.status == "ok" && !record.validated ? "not validated" : record.status];
  }
  std::string text = fmt::format("{} records", records.size());
  const char* separator = ": ";
  for (const auto& [status, count] : counts) {
    text += fmt::format("{}{} {}", separator, count, status);
    separator = ", ";
  }
  return text;
}

Json problem_json(const Problem& problem) { return {{"text", to_text(problem)}, {"fields", parsed(to_json(problem))}}; }

Json plan_json(const runtime::Plan& plan, const runtime::Device& device) {
  const runtime::Provenance& from = plan.provenance;
  Json json = {{"device", device.name()},
               {"arch", device.device_class().arch},
               {"family", from.family},
               {"family_version", plan.family->version()},
               {"config", parsed(plan.config.to_json())},
               {"spec", parsed(from.spec)},
               {"shape_bucket", from.shape_bucket},
               {"workspace_bytes", plan.workspace_bytes},
               {"provenance", std::string(name(from.origin))}};
  if (!from.quantization.empty()) {
    json["quantization"] = {{"chosen", plan.problem.quantization}, {"why", from.quantization}};
  }
  if (!from.record_id.empty()) {
    json["record"] = {{"id", from.record_id},
                      {"file", from.record_file},
                      {"median_ms", from.record_median_ms},
                      {"measured_unix_ms", from.record_unix_ms}};
  }
  json["kernel"] = {{"origin", from.kernel_origin},
                    {"compile_key", from.compile_key},
                    {"compile_ms", from.compile_ms},
                    {"load_ms", from.load_ms}};
  json["notes"] = from.notes;
  return json;
}

std::string kernel_line(const runtime::Plan& plan, const runtime::Device& device) {
  return fmt::format("{} v{} on {} ({}), {}", plan.family->name(), plan.family->version(), device.name(),
                     device.device_class().arch, plan.config.to_text());
}

std::string config_line(const runtime::Plan& plan, const runtime::Device& device) {
  const runtime::Provenance& from = plan.provenance;
  std::string line(name(from.origin));
  if (from.record_id.empty()) {
    if (from.origin == runtime::Origin::heuristic) {
      line += device.device_class().kind == "emulated" ? ": nothing is measured on the emulator"
                                                       : ": no record fits this shape yet; 'attune tune' makes one";
    }
    return line;
  }
  line += fmt::format(" {}, measured {}: {}", from.record_id.substr(0, 12), age_text(from.record_unix_ms),
                      time_text(from.record_median_ms));
  return line;
}

std::string origin_line(const runtime::Plan& plan) {
  const runtime::Provenance& from = plan.provenance;
  if (from.compile_ms > 0) {
    return fmt::format("{} in {}, loaded in {}", from.kernel_origin, time_text(from.compile_ms), time_text(from.load_ms));
  }
  if (from.load_ms > 0)
    return fmt::format("{}, loaded in {}, nothing compiled", from.kernel_origin, time_text(from.load_ms));
  return from.kernel_origin;
}

void Lines::add(std::string_view name, std::string_view value) { text_ += fmt::format("{:<10} {}\n", name, value); }

}  // namespace attune::cli
