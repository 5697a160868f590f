#include "common/result.hpp"

namespace attune {

std::string_view name(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::invalid_argument: return "invalid_argument";
    case Status::unsupported: return "unsupported";
    case Status::not_found: return "not_found";
    case Status::out_of_memory: return "out_of_memory";
    case Status::io_error: return "io_error";
    case Status::cache_corrupt: return "cache_corrupt";
    case Status::no_compiler: return "no_compiler";
    case Status::compiler_too_old: return "compiler_too_old";
    case Status::compile_failed: return "compile_failed";
    case Status::load_failed: return "load_failed";
    case Status::resources_exceeded: return "resources_exceeded";
    case Status::not_ready_in_capture: return "not_ready_in_capture";
    case Status::timed_out: return "timed_out";
    case Status::cancelled: return "cancelled";
    case Status::validation_failed: return "validation_failed";
    case Status::device_unavailable: return "device_unavailable";
    case Status::device_lost: return "device_lost";
    case Status::internal: return "internal";
  }
  return "unknown";
}

}  // namespace attune
