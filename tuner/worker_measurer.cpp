// Start, ask, and judge how the worker ended when no answer comes.
#include "tuner/worker_measurer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace attune::tuner {
namespace {

// A worker says hello before it does anything; a program that says nothing for so long is no worker.
constexpr double hello_timeout_s = 20;
// Opening fills the tensors: the longest video shapes take some seconds.
constexpr double open_timeout_s = 120;

}  // namespace

Result<void> WorkerMeasurer::start() {
  const std::string program = options_.program.empty() ? "/proc/self/exe" : options_.program;
  ATTUNE_TRY(auto worker, ChildProcess::spawn(program, "worker"));
  ++workers_started_;
  const auto hello = worker->receive(hello_timeout_s, options_.cancel);
  if (!hello) {
    if (hello.error().status() == Status::cancelled) return hello.error();
    const std::string ending = worker->end();
    return Error(
        Status::device_unavailable,
        fmt::format("{} is no attune worker: it {} without a greeting. {} Set worker_program to the path of the attune "
                    "program.",
                    program, ending, worker->last_words()));
  }
  ATTUNE_CHECK(decode_hello(*hello));
  ATTUNE_CHECK(worker->send(encode_open(options_.open)));
  ATTUNE_TRY(const std::string opened, worker->receive(open_timeout_s, options_.cancel));
  ATTUNE_CHECK(decode_opened(opened));
  worker_ = std::move(worker);
  return {};
}

Result<void> WorkerMeasurer::refresh() {
  worker_.reset();
  return {};
}

Result<Measurement> WorkerMeasurer::measure(const MeasureRequest& request) {
  if (!worker_) ATTUNE_CHECK(start());
  const Fault fault = options_.inject ? options_.inject(request.config) : Fault::none;
  auto answer = [&]() -> Result<std::string> {
    ATTUNE_CHECK(worker_->send(encode_measure(request, fault)));
    return worker_->receive(options_.candidate_timeout_s, options_.cancel);
  }();
  if (answer) {
    auto measured = decode_measured(*answer);
    // A device that is lost stays lost in that process; a new worker opens it afresh.
    const bool lost = !measured && measured.error().status() == Status::device_lost;
    if (!lost) return measured;
    worker_.reset();
    Measurement crashed;
    crashed.status = "crashed";
    crashed.detail = measured.error().message();
    return crashed;
  }

  const Error& error = answer.error();
  Measurement failed;
  if (error.status() == Status::timed_out) {
    failed.status = "timed_out";
    failed.detail = fmt::format("no result within {:.3g} s; the worker was killed", options_.candidate_timeout_s);
    worker_.reset();
    return failed;
  }
  if (error.status() != Status::io_error) {
    worker_.reset();
    return error;
  }
  failed.status = "crashed";
  failed.detail = fmt::format("the worker {}", worker_->end());
  if (const std::string words = worker_->last_words(); !words.empty()) failed.detail += ": " + words;
  worker_.reset();
  return failed;
}

}  // namespace attune::tuner
