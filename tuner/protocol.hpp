// The worker protocol: one JSON object a line, requests one way, answers the other. Version and fields in docs/tuning.md.
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "runtime/context.hpp"
#include "tuner/measurer.hpp"
#include "tuner/workbench.hpp"

namespace attune::tuner {

inline constexpr int protocol_version = 2;

struct OpenRequest {
  runtime::ContextOptions context;  // records stay in memory: only the tuner writes them
  std::string family;
  Problem problem;
  WorkbenchOptions workbench;
};

// Each encode_* gives one line without its newline; each decode_* is strict, since the other side may be any program.
std::string encode_hello();
Result<void> decode_hello(std::string_view line);

std::string encode_open(const OpenRequest& request);
std::string encode_measure(const MeasureRequest& request, Fault fault);

struct Request {
  enum class Kind { open, measure } kind = Kind::open;
  OpenRequest open;
  MeasureRequest measure;
  Fault fault = Fault::none;
};
Result<Request> decode_request(std::string_view line);

std::string encode_answer(const Result<void>& opened);
std::string encode_answer(const Result<Measurement>& measured);
Result<void> decode_opened(std::string_view line);
Result<Measurement> decode_measured(std::string_view line);

}  // namespace attune::tuner
