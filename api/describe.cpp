// What a plan is and why: provenance as a struct, as lines for people and as JSON; the source of its kernel.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "api/handles.hpp"
#include "api/versioned.hpp"

using namespace attune;       // NOLINT(google-build-using-namespace): the C names below live outside
using namespace attune::api;  // NOLINT(google-build-using-namespace)

namespace {

static_assert(ATTUNE_EXACT_RECORD == static_cast<int>(runtime::Origin::exact_record) &&
              ATTUNE_SAME_BUCKET == static_cast<int>(runtime::Origin::same_bucket) &&
              ATTUNE_NEIGHBOUR_SHAPE == static_cast<int>(runtime::Origin::neighbour_shape) &&
              ATTUNE_SIBLING_DEVICE == static_cast<int>(runtime::Origin::sibling_device) &&
              ATTUNE_HEURISTIC == static_cast<int>(runtime::Origin::heuristic) &&
              ATTUNE_FALLBACK == static_cast<int>(runtime::Origin::fallback) &&
              ATTUNE_CHOSEN == static_cast<int>(runtime::Origin::chosen));

std::string text_of(const runtime::Plan& plan) {
  const runtime::Provenance& why = plan.provenance;
  std::string text = fmt::format("problem    {}\nfamily     {}\nconfig     {}\nfrom       {}", to_text(plan.problem),
                                 why.family, plan.config.to_text(), name(why.origin));
  if (!why.record_id.empty()) {
    text += fmt::format(" ({:.4g} ms, record {} in {})", why.record_median_ms, why.record_id.substr(0, 12),
                        why.record_file.empty() ? "memory" : why.record_file);
  }
  if (!why.quantization.empty()) text += "\nchosen     " + why.quantization;
  text += fmt::format("\nkernel     {} {}, compile {:.1f} ms, load {:.2f} ms\nworkspace  {} bytes\n",
                      why.compile_key.substr(0, 12), why.kernel_origin, why.compile_ms, why.load_ms, plan.workspace_bytes);
  for (const std::string& note : why.notes) text += fmt::format("note       {}\n", note);
  return text;
}

std::string json_of(const runtime::Plan& plan) {
  const runtime::Provenance& why = plan.provenance;
  // Texts that come from files and drivers may not be UTF-8: replaced rather than thrown at.
  return nlohmann::ordered_json{
      {"problem", nlohmann::json::parse(to_json(plan.problem))},
      {"family", why.family},
      {"config", nlohmann::json::parse(plan.config.to_json())},
      {"spec", why.spec.empty() ? nlohmann::json::object() : nlohmann::json::parse(why.spec)},
      {"shape_bucket", why.shape_bucket},
      {"origin", name(why.origin)},
      {"quantization_choice", why.quantization},
      {"record_id", why.record_id},
      {"record_file", why.record_file},
      {"record_median_ms", why.record_median_ms},
      {"record_unix_ms", why.record_unix_ms},
      {"kernel_origin", why.kernel_origin},
      {"compile_key", why.compile_key},
      {"compile_ms", why.compile_ms},
      {"load_ms", why.load_ms},
      {"plan_ms", why.plan_ms},
      {"workspace_bytes", plan.workspace_bytes},
      {"launches", runtime::launch_count(plan)},
      {"notes", why.notes},
  }
      .dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class Describe>
const char* described(const runtime::Plan& plan, attune_plan::LazyText& lazy, Describe&& describe) {
  const attune_status status = fenced([&]() -> Result<void> {
    std::call_once(lazy.once, [&] { lazy.text = describe(plan); });
    return {};
  });
  return status == ATTUNE_OK ? lazy.text.c_str() : "";
}

}  // namespace

extern "C" {

attune_status attune_plan_provenance(const attune_plan* plan, attune_provenance* provenance) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(plan, "plan"));
    ATTUNE_CHECK(check_pointer(provenance, "attune_provenance"));
    const runtime::Provenance& why = plan->plan->provenance;
    attune_provenance filled{};
    filled.origin = static_cast<int32_t>(why.origin);
    filled.launches = static_cast<int32_t>(runtime::launch_count(*plan->plan));
    filled.origin_name = name(why.origin).data();  // literals end with a zero byte
    filled.family = why.family.c_str();
    filled.config = why.config.c_str();
    filled.spec = why.spec.c_str();
    filled.shape_bucket = why.shape_bucket.c_str();
    filled.record_id = why.record_id.c_str();
    filled.record_file = why.record_file.c_str();
    filled.record_median_ms = why.record_median_ms;
    filled.record_unix_ms = why.record_unix_ms;
    filled.kernel_origin = why.kernel_origin.c_str();
    filled.compile_key = why.compile_key.c_str();
    filled.compile_ms = why.compile_ms;
    filled.load_ms = why.load_ms;
    filled.plan_ms = why.plan_ms;
    filled.quantization = plan->plan->problem.quantization.c_str();
    filled.quantization_why = why.quantization.c_str();
    return write_versioned(provenance, provenance->struct_size, offsetof(attune_provenance, record_id), filled,
                           "attune_provenance");
  });
}

const char* attune_plan_text(const attune_plan* plan) {
  return plan == nullptr ? "" : described(*plan->plan, plan->text, text_of);
}

const char* attune_plan_json(const attune_plan* plan) {
  return plan == nullptr ? "" : described(*plan->plan, plan->json, json_of);
}

attune_status attune_emit(attune_context* context, const attune_plan* plan, char** source) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_CHECK(check_pointer(plan, "plan"));
    ATTUNE_CHECK(check_pointer(source, "source"));
    if (plan->body != context->body)
      return invalid("plan belongs to another context. Find it in the context it is emitted for.");
    const Family& family = *plan->plan->family;
    const Spec spec = family.spec(plan->plan->problem, context->body->runtime->device().device_class());
    ATTUNE_TRY(const Source emitted, family.emit(spec, plan->plan->config));
    const std::string text = full_text(emitted);
    auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
    if (copy == nullptr) return Error(Status::out_of_memory, "no memory for the source text. Free some memory.");
    std::memcpy(copy, text.c_str(), text.size() + 1);
    *source = copy;
    return {};
  });
}

}  // extern "C"
