// The *_init functions, the version, and the release of texts.
#include <fmt/format.h>

#include <cstdlib>

#include "api/translate.hpp"
#include "api/versioned.hpp"
#include "generator/given_operands.hpp"
#include "generator/tensors.hpp"

#define ATTUNE_TEXT_(x) #x
#define ATTUNE_TEXT(x) ATTUNE_TEXT_(x)

using namespace attune;       // NOLINT(google-build-using-namespace): the C names below live outside
using namespace attune::api;  // NOLINT(google-build-using-namespace)

extern "C" {

const char* attune_version(void) {
  return ATTUNE_TEXT(ATTUNE_VERSION_MAJOR) "." ATTUNE_TEXT(ATTUNE_VERSION_MINOR) "." ATTUNE_TEXT(ATTUNE_VERSION_PATCH);
}

void attune_free(char* text) { std::free(text); }

attune_status attune_context_options_init(attune_context_options* options, size_t struct_size) {
  return fenced([&] {
    return write_versioned(options, struct_size, offsetof(attune_context_options, records_directory),
                           default_context_options(), "attune_context_options");
  });
}

attune_status attune_problem_init(attune_problem* problem, size_t struct_size) {
  return fenced([&] {
    return write_versioned(problem, struct_size, offsetof(attune_problem, has_softmax_scale), default_problem(),
                           "attune_problem");
  });
}

attune_status attune_tensors_init(attune_tensors* tensors, size_t struct_size) {
  return fenced([&] {
    return write_versioned(tensors, struct_size, offsetof(attune_tensors, lse), default_tensors(), "attune_tensors");
  });
}

attune_status attune_tune_options_init(attune_tune_options* options, size_t struct_size) {
  return fenced([&] {
    return write_versioned(options, struct_size, offsetof(attune_tune_options, progress), default_tune_options(),
                           "attune_tune_options");
  });
}

attune_status attune_tensors_set_contiguous(const attune_problem* problem, attune_tensors* tensors) {
  return fenced([&]() -> Result<void> {
    ATTUNE_TRY(const Problem parsed, to_problem(problem));
    ATTUNE_CHECK(validate(parsed));
    ATTUNE_TRY(Tensors views, to_tensors(tensors));
    set_contiguous_strides(parsed, views);
    ATTUNE_TRY(attune_tensors filled,
               read_versioned(tensors, offsetof(attune_tensors, lse), default_tensors(), "attune_tensors"));
    const auto put = [](const TensorView& view, auto& given) {
      given.stride_batch = view.stride_batch;
      given.stride_head = view.stride_head;
      given.stride_seq = view.stride_seq;
    };
    put(views.q, filled.q);
    put(views.k, filled.k);
    put(views.v, filled.v);
    put(views.o, filled.o);
    filled.lse_stride_batch = views.lse_stride_batch;
    filled.lse_stride_head = views.lse_stride_head;
    filled.mask.stride_batch = views.mask.stride_batch;
    filled.mask.stride_head = views.mask.stride_head;
    filled.mask.stride_q = views.mask.stride_q;
    filled.mask.stride_kv = views.mask.stride_kv;
    filled.page_table_stride = views.page_table_stride;
    return write_versioned(tensors, tensors->struct_size, offsetof(attune_tensors, lse), filled, "attune_tensors");
  });
}

attune_status attune_given_sizes(const attune_problem* problem, attune_given* sizes) {
  return fenced([&]() -> Result<void> {
    ATTUNE_TRY(const Problem parsed, to_problem(problem));
    ATTUNE_CHECK(validate(parsed));
    const Quantization request = given_request(parsed);
    ATTUNE_CHECK(check_pointer(sizes, "sizes"));
    if (request.given == Given::none) {
      return invalid(fmt::format("quantization {} gives no operand as codes; add given-qk, given-v or given-qkv.",
                                 parsed.quantization));
    }
    ATTUNE_CHECK(validate_given(parsed, request, GivenPages::read));
    const PaddedRows rows = PaddedRows::of_given(parsed, request.granularity);
    attune_given filled{};
    filled.q_rows = rows.q_rows;
    filled.kv_rows = rows.kv_rows;
    if (request.given_qk()) {
      filled.q_scales = rows.q_scales;
      filled.k_scales = rows.k_scales;
    }
    if (request.given_v()) {
      filled.v_codes = rows.v_codes;
      filled.v_scales = parsed.batch * parsed.heads_kv * parsed.head_dim_v;
    }
    return write_versioned(sizes, sizes->struct_size, offsetof(attune_given, q_scales), filled, "attune_given");
  });
}

}  // extern "C"
