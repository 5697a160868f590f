// JSON of requests and answers. Every read is checked: a missing field or a wrong type is an error, never an exception.
#include "tuner/protocol.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace attune::tuner {
namespace {

using nlohmann::json;

constexpr std::string_view program = "attune worker";
constexpr std::array<std::pair<Fault, std::string_view>, 7> fault_names = {{{Fault::none, ""},
                                                                            {Fault::crash, "crash"},
                                                                            {Fault::hang, "hang"},
                                                                            {Fault::wrong, "wrong"},
                                                                            {Fault::overrun, "overrun"},
                                                                            {Fault::slow, "slow"},
                                                                            {Fault::lost, "lost"}}};

// Where the worker finds the compiler that the tuner found: it reads no environment of its own.
constexpr std::array<std::pair<const char*, std::string runtime::LibraryPlaces::*>, 5> place_members = {
    {{"virtual_env", &runtime::LibraryPlaces::virtual_env},
     {"conda_prefix", &runtime::LibraryPlaces::conda_prefix},
     {"cuda_home", &runtime::LibraryPlaces::cuda_home},
     {"path", &runtime::LibraryPlaces::path},
     {"home", &runtime::LibraryPlaces::home}}};

std::string line_of(const json& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace); }

Error malformed(std::string_view field) {
  return {Status::internal,
          fmt::format("worker protocol: field '{}' is missing or of the wrong type. Use an attune program of "
                      "this version as the worker.",
                      field)};
}

// Reads fields of one object; the first failure is kept.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {}

  template <class T>
  void read(const char* field, T& value) {
    const auto found = object_.find(field);
    bool fits = found != object_.end();
    if constexpr (std::is_same_v<T, bool>) {
      fits = fits && found->is_boolean();
    } else if constexpr (std::is_arithmetic_v<T>) {
      fits = fits && found->is_number();
    } else if constexpr (std::is_same_v<T, std::string>) {
      fits = fits && found->is_string();
    } else {
      fits = fits && found->is_array();
      for (size_t i = 0; fits && i < found->size(); ++i) {
        fits = std::is_same_v<typename T::value_type, double> ? (*found)[i].is_number() : (*found)[i].is_string();
      }
    }
    if (!fits) {
      fail(field);
      return;
    }
    if constexpr (std::is_same_v<T, std::vector<std::filesystem::path>>) {
      value.clear();
      for (const auto& item : *found) value.emplace_back(item.get<std::string>());
    } else {
      value = found->get<T>();
    }
  }
  json child(const char* field) {
    const auto found = object_.find(field);
    if (found != object_.end() && found->is_object()) return *found;
    fail(field);
    return json::object();
  }
  Result<void> result() const { return failed_.empty() ? Result<void>() : malformed(failed_); }

 private:
  void fail(const char* field) {
    if (failed_.empty()) failed_ = field;
  }

  const json& object_;
  std::string failed_;
};

Result<json> parse(std::string_view line) {
  json object = json::parse(line, nullptr, false);
  if (object.is_object()) return object;
  return Error(
      Status::internal,
      fmt::format("worker protocol: '{}' is not a JSON object. Use an attune program of this version as the worker.",
                  line.substr(0, 200)));
}

Result<OpenRequest> read_open(const json& object) {
  OpenRequest open;
  Reader reader(object);
  std::string problem, kernels;
  auto& device = open.context.device;
  reader.read("device", device.name);
  reader.read("threads", device.threads);
  reader.read("cpu_isa", device.cpu_isa);
  reader.read("nvrtc", device.nvrtc);
  reader.read("driver", device.driver);
  const json places = reader.child("places");
  reader.read("kernel_directory", kernels);
  reader.read("kernel_databases", open.context.kernels.site_databases);
  reader.read("kernels_read_only", open.context.kernels.read_only);
  reader.read("kernel_max_bytes", open.context.kernels.max_bytes);
  reader.read("family", open.family);
  reader.read("problem", problem);
  reader.read("cache_regime", open.workbench.cache_regime);
  reader.read("seed", open.workbench.seed);
  reader.read("validation_rows", open.workbench.validation_rows);
  ATTUNE_CHECK(reader.result());
  Reader place_reader(places);
  for (const auto& [name, member] : place_members) place_reader.read(name, device.places.*member);
  ATTUNE_CHECK(place_reader.result());
  open.context.kernels.user_directory = kernels;
  ATTUNE_TRY(open.problem, problem_from_json(problem));
  return open;
}

Result<void> read_measure(const json& object, Request& request) {
  Reader reader(object);
  std::string config, fault;
  SamplingRule& rule = request.measure.rule;
  reader.read("config", config);
  reader.read("validate", request.measure.validate);
  reader.read("fault", fault);
  reader.read("min_samples", rule.min_samples);
  reader.read("max_samples", rule.max_samples);
  reader.read("max_total_ms", rule.max_total_ms);
  reader.read("relative_precision", rule.relative_precision);
  reader.read("give_up_above_ms", rule.give_up_above_ms);
  ATTUNE_CHECK(reader.result());
  ATTUNE_TRY(request.measure.config, Config::from_json(config));
  for (const auto& [value, name] : fault_names) {
    if (name != fault) continue;
    request.fault = value;
    return {};
  }
  return malformed("fault");
}

json error_of(const Error& error) {
  return {{"error", error.message()}, {"error_status", static_cast<int>(error.status())}, {"error_log", error.log()}};
}

// The error an answer carries, if it does.
Result<json> answer(std::string_view line) {
  ATTUNE_TRY(json object, parse(line));
  if (!object.contains("error")) return object;
  Reader reader(object);
  std::string message, log;
  int status = 0;
  reader.read("error", message);
  reader.read("error_status", status);
  reader.read("error_log", log);
  ATTUNE_CHECK(reader.result());
  if (status <= static_cast<int>(Status::ok) || status > static_cast<int>(Status::internal))
    return malformed("error_status");
  return Error(static_cast<Status>(status), std::move(message), std::move(log));
}

}  // namespace

std::string encode_hello() { return line_of({{"program", program}, {"protocol", protocol_version}}); }

Result<void> decode_hello(std::string_view line) {
  ATTUNE_TRY(const json object, parse(line));
  Reader reader(object);
  std::string name;
  int version = 0;
  reader.read("program", name);
  reader.read("protocol", version);
  ATTUNE_CHECK(reader.result());
  if (name == program && version == protocol_version) return {};
  return Error(
      Status::device_unavailable,
      fmt::format("the worker speaks version {} of '{}', not version {}. Set worker_program to the attune program of "
                  "this library.",
                  version, name, protocol_version));
}

std::string encode_open(const OpenRequest& request) {
  json databases = json::array(), places = json::object();
  for (const auto& [name, member] : place_members) places[name] = request.context.device.places.*member;
  for (const auto& path : request.context.kernels.site_databases) databases.push_back(path.string());
  return line_of({{"op", "open"},
                  {"device", request.context.device.name},
                  {"threads", request.context.device.threads},
                  {"cpu_isa", request.context.device.cpu_isa},
                  {"nvrtc", request.context.device.nvrtc},
                  {"driver", request.context.device.driver},
                  {"places", places},
                  {"kernel_directory", request.context.kernels.user_directory.string()},
                  {"kernel_databases", databases},
                  {"kernels_read_only", request.context.kernels.read_only},
                  {"kernel_max_bytes", request.context.kernels.max_bytes},
                  {"family", request.family},
                  {"problem", to_json(request.problem)},
                  {"cache_regime", request.workbench.cache_regime},
                  {"seed", request.workbench.seed},
                  {"validation_rows", request.workbench.validation_rows}});
}

std::string encode_measure(const MeasureRequest& request, Fault fault) {
  std::string_view fault_name;
  for (const auto& [value, name] : fault_names) {
    if (value == fault) fault_name = name;
  }
  return line_of({{"op", "measure"},
                  {"config", request.config.to_json()},
                  {"validate", request.validate},
                  {"fault", fault_name},
                  {"min_samples", request.rule.min_samples},
                  {"max_samples", request.rule.max_samples},
                  {"max_total_ms", request.rule.max_total_ms},
                  {"relative_precision", request.rule.relative_precision},
                  {"give_up_above_ms", request.rule.give_up_above_ms}});
}

Result<Request> decode_request(std::string_view line) {
  ATTUNE_TRY(const json object, parse(line));
  Reader reader(object);
  std::string op;
  reader.read("op", op);
  ATTUNE_CHECK(reader.result());
  Request request;
  if (op == "open") {
    ATTUNE_TRY(request.open, read_open(object));
  } else if (op == "measure") {
    request.kind = Request::Kind::measure;
    ATTUNE_CHECK(read_measure(object, request));
  } else {
    return malformed("op");
  }
  return request;
}

std::string encode_answer(const Result<void>& opened) {
  return line_of(opened ? json{{"opened", true}} : error_of(opened.error()));
}

std::string encode_answer(const Result<Measurement>& measured) {
  if (!measured) return line_of(error_of(measured.error()));
  return line_of({{"status", measured->status},
                  {"detail", measured->detail},
                  {"samples_ms", measured->samples_ms},
                  {"clock_before_mhz", measured->clock_before_mhz},
                  {"clock_after_mhz", measured->clock_after_mhz},
                  {"validated", measured->validated},
                  {"max_error", measured->max_error},
                  {"tolerance", measured->tolerance}});
}

Result<void> decode_opened(std::string_view line) {
  ATTUNE_TRY(const json object, answer(line));
  return object.contains("opened") ? Result<void>() : malformed("opened");
}

Result<Measurement> decode_measured(std::string_view line) {
  ATTUNE_TRY(const json object, answer(line));
  Reader reader(object);
  Measurement measured;
  reader.read("status", measured.status);
  reader.read("detail", measured.detail);
  reader.read("samples_ms", measured.samples_ms);
  reader.read("clock_before_mhz", measured.clock_before_mhz);
  reader.read("clock_after_mhz", measured.clock_after_mhz);
  reader.read("validated", measured.validated);
  reader.read("max_error", measured.max_error);
  reader.read("tolerance", measured.tolerance);
  ATTUNE_CHECK(reader.result());
  return measured;
}

}  // namespace attune::tuner
