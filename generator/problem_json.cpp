// Canonical JSON of a problem: every field, sorted, no spaces. Keys and records are made of these bytes.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "generator/problem.hpp"
#include "generator/quantization.hpp"

namespace attune {

namespace {

using Json = nlohmann::json;  // std::map underneath: sorted

// One list of fields for writing and reading: a field that is missing here is missing in neither.
template <class Visitor, class ProblemType>
void visit_mask(Visitor& field, ProblemType& mask) {
  field("kind", mask.kind);
  field("dtype", mask.dtype);
  field("batch", mask.batch);
  field("heads", mask.heads);
  field("seqlen_q", mask.seqlen_q);
  field("seqlen_kv", mask.seqlen_kv);
}

template <class Visitor, class ProblemType>
void visit_sparsity(Visitor& field, ProblemType& sparsity) {
  field("kind", sparsity.kind);
  field("block_q", sparsity.block_q);
  field("block_kv", sparsity.block_kv);
  field("full", sparsity.full);
  field("partial", sparsity.partial);
  field("batch", sparsity.batch);
  field("heads", sparsity.heads);
  field("max_blocks", sparsity.max_blocks);
}

template <class Visitor, class ProblemType>
void visit_problem(Visitor& field, ProblemType& p) {
  field("batch", p.batch);
  field("heads_q", p.heads_q);
  field("heads_kv", p.heads_kv);
  field("seqlen_q", p.seqlen_q);
  field("seqlen_kv", p.seqlen_kv);
  field("head_dim_qk", p.head_dim_qk);
  field("head_dim_v", p.head_dim_v);
  field("dtype", p.dtype);
  field("layout", p.layout);
  field("softmax_scale", p.softmax_scale);
  field("causal", p.causal);
  field("window_left", p.window_left);
  field("window_right", p.window_right);
  field("alignment", p.alignment);
  field("softcap", p.softcap);
  field("sinks", p.sinks);
  field("alibi", p.alibi);
  field("mask", p.mask);
  field("kv_lengths", p.kv_lengths);
  field("varlen", p.varlen);
  field("total_q", p.total_q);
  field("total_kv", p.total_kv);
  field("page_size", p.page_size);
  field("page_count", p.page_count);
  field("want_lse", p.want_lse);
  field("sparsity", p.sparsity);
  field("quantization", p.quantization);
}

struct Writer {
  Json object = Json::object();

  void operator()(const char* key, int64_t value) { object[key] = value; }
  void operator()(const char* key, bool value) { object[key] = value; }
  void operator()(const char* key, const std::string& value) { object[key] = value; }
  // -0 equals 0, so it must have the same bytes.
  void operator()(const char* key, float value) { object[key] = static_cast<double>(value + 0.0F); }
  void operator()(const char* key, const std::optional<float>& value) {
    if (value) {
      (*this)(key, *value);
    } else {
      object[key] = nullptr;
    }
  }
  void operator()(const char* key, DType value) { object[key] = name(value); }
  void operator()(const char* key, Layout value) { object[key] = name(value); }
  void operator()(const char* key, Alignment value) { object[key] = name(value); }
  void operator()(const char* key, MaskKind value) { object[key] = name(value); }
  void operator()(const char* key, SparsityKind value) { object[key] = name(value); }
  void operator()(const char* key, const MaskRequest& value) {
    Writer nested;
    visit_mask(nested, value);
    object[key] = std::move(nested.object);
  }
  void operator()(const char* key, const SparsityRequest& value) {
    Writer nested;
    visit_sparsity(nested, value);
    object[key] = std::move(nested.object);
  }
};

class Reader {
 public:
  Reader(const Json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {
    if (!object.is_object()) fail(prefix_.empty() ? "The problem" : prefix_.substr(0, prefix_.size() - 1), "an object");
  }

  void operator()(const char* key, int64_t& value) {
    const Json* json = take(key);
    if (json == nullptr) return;
    // nlohmann keeps numbers above the int64 range as unsigned, or as doubles.
    if (!json->is_number_integer() || (json->is_number_unsigned() && json->get<uint64_t>() > INT64_MAX)) {
      return fail(prefix_ + key, "an integer of 63 bits");
    }
    value = json->get<int64_t>();
  }
  void operator()(const char* key, bool& value) {
    const Json* json = take(key);
    if (json == nullptr) return;
    if (!json->is_boolean()) return fail(prefix_ + key, "true or false");
    value = json->get<bool>();
  }
  void operator()(const char* key, std::string& value) {
    const Json* json = take(key);
    if (json == nullptr) return;
    if (!json->is_string()) return fail(prefix_ + key, "a text");
    value = json->get<std::string>();
  }
  void operator()(const char* key, float& value) {
    const Json* json = take(key);
    if (json == nullptr) return;
    // A double beyond the fp32 range would become inf: undefined to convert, and never what was meant.
    if (!json->is_number() || std::fabs(json->get<double>()) > static_cast<double>(std::numeric_limits<float>::max())) {
      return fail(prefix_ + key, "a number in the fp32 range");
    }
    value = static_cast<float>(json->get<double>());
  }
  void operator()(const char* key, std::optional<float>& value) {
    const auto found = object_.is_object() ? object_.find(key) : object_.end();
    if (object_.is_object() && found != object_.end() && found->is_null()) {
      known_.insert(key);
      value.reset();
      return;
    }
    if (!object_.is_object() || found == object_.end()) return void(known_.insert(key));
    float number = 0;
    (*this)(key, number);
    value = number;
  }
  void operator()(const char* key, DType& value) { word(key, value, parse_dtype); }
  void operator()(const char* key, Layout& value) { word(key, value, parse_layout); }
  void operator()(const char* key, Alignment& value) { word(key, value, parse_alignment); }
  void operator()(const char* key, MaskKind& value) {
    one_of(key, value, {MaskKind::none, MaskKind::boolean, MaskKind::additive});
  }
  void operator()(const char* key, SparsityKind& value) {
    one_of(key, value, {SparsityKind::none, SparsityKind::padded_lists, SparsityKind::csr_lists});
  }
  void operator()(const char* key, MaskRequest& value) {
    if (const Json* json = take(key)) nested(key, *json, [&value](Reader& reader) { visit_mask(reader, value); });
  }
  void operator()(const char* key, SparsityRequest& value) {
    if (const Json* json = take(key)) nested(key, *json, [&value](Reader& reader) { visit_sparsity(reader, value); });
  }

  // The first complaint, unknown fields included; empty when all is well.
  std::string complaint() const {
    if (!complaint_.empty() || !object_.is_object()) return complaint_;
    for (const auto& [key, value] : object_.items()) {
      if (known_.count(key) == 0) {
        return fmt::format("The problem has no field '{}{}'; remove it, or correct its name.", prefix_, key);
      }
    }
    return {};
  }

 private:
  const Json* take(const char* key) {
    known_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }
  void fail(std::string_view field, std::string_view wanted) {
    if (complaint_.empty()) complaint_ = fmt::format("{} has the wrong type or range; give {}.", field, wanted);
  }
  template <class Enum>
  void word(const char* key, Enum& value, Result<Enum> (*parse)(std::string_view)) {
    const Json* json = take(key);
    if (json == nullptr) return;
    if (!json->is_string()) return fail(prefix_ + key, "a text");
    const Result<Enum> parsed = parse(json->get_ref<const std::string&>());
    if (parsed) {
      value = *parsed;
    } else if (complaint_.empty()) {
      complaint_ = fmt::format("{}{}: {}", prefix_, key, parsed.error().message());
    }
  }
  template <class Enum>
  void one_of(const char* key, Enum& value, std::initializer_list<Enum> candidates) {
    const Json* json = take(key);
    if (json == nullptr) return;
    std::string names;
    for (const Enum candidate : candidates) {
      if (json->is_string() && json->get_ref<const std::string&>() == name(candidate)) {
        value = candidate;
        return;
      }
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name(candidate));
    }
    fail(prefix_ + key, "one of " + names);
  }
  template <class Visit>
  void nested(const char* key, const Json& json, Visit visit) {
    Reader reader(json, prefix_ + key + ".");
    visit(reader);
    if (complaint_.empty()) complaint_ = reader.complaint();
  }

  const Json& object_;
  std::string prefix_, complaint_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace

std::string to_json(const Problem& problem) {
  Writer writer;
  visit_problem(writer, problem);
  // A quantization name that is not UTF-8 must not throw here; validate() refuses it.
  return writer.object.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<Problem> problem_from_json(std::string_view text) {
  // nlohmann keeps the last of two equal keys; one of them would be ignored, so both are refused.
  std::vector<std::set<std::string>> open;
  std::string repeated;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    deep = deep || depth > 8;
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == Json::parse_event_t::key && !open.empty() && !open.back().insert(parsed.get<std::string>()).second) {
      repeated = parsed.get<std::string>();
    }
    return !deep;
  };
  const Json json = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (deep || json.is_discarded()) {
    return Error(Status::invalid_argument,
                 "The problem is not valid JSON; give one object as `attune explain --json` prints it.");
  }
  if (!repeated.empty()) {
    return Error(Status::invalid_argument, fmt::format("The field '{}' is given twice; remove one of them.", repeated));
  }
  Problem problem;
  Reader reader(json, "");
  visit_problem(reader, problem);
  if (std::string complaint = reader.complaint(); !complaint.empty()) {
    return Error(Status::invalid_argument, std::move(complaint));
  }
  ATTUNE_TRY(problem.quantization, canonical_quantization(problem.quantization));
  ATTUNE_CHECK(validate(problem));
  return problem;
}

}  // namespace attune
