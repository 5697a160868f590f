// The boundary: null and misaligned pointers, sizes of older and newer callers, values that are no constant, thread-local
// errors.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "attune/attune.h"
#include "tests/api/helpers.hpp"

extern "C" int attune_test_c_view(void);

namespace attune_test {
namespace {

using testing::HasSubstr;

TEST(Abi, TheHeaderWorksFromC) { EXPECT_EQ(attune_test_c_view(), 0); }

TEST(Abi, VersionIsTheHeaders) {
  EXPECT_EQ(attune_version(), std::to_string(ATTUNE_VERSION_MAJOR) + "." + std::to_string(ATTUNE_VERSION_MINOR) + "." +
                                  std::to_string(ATTUNE_VERSION_PATCH));
}

TEST(Abi, EveryStatusHasAName) {
  std::set<std::string> names;
  for (int status = ATTUNE_OK; status <= ATTUNE_INTERNAL; ++status) names.insert(attune_status_name(status));
  EXPECT_EQ(names.size(), static_cast<size_t>(ATTUNE_INTERNAL) + 1);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_STREQ(attune_status_name(-1), "unknown");
  EXPECT_STREQ(attune_status_name(std::numeric_limits<int32_t>::max()), "unknown");
}

TEST(Abi, NullPointersEverywhereAreRefused) {
  attune_problem problem = make_problem(1, 1, 1, 4, 4, 16);
  const attune_problem* problems[] = {&problem, nullptr};
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  int64_t count = 7;

  EXPECT_REFUSED(attune_context_options_init(nullptr, 8), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_problem_init(nullptr, sizeof problem), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_tensors_init(nullptr, sizeof tensors), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_tune_options_init(nullptr, 64), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_tensors_set_contiguous(nullptr, &tensors), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_tensors_set_contiguous(&problem, nullptr), ATTUNE_INVALID_ARGUMENT, "null");
  attune_given given{};
  given.struct_size = sizeof given;
  EXPECT_REFUSED(attune_given_sizes(nullptr, &given), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_given_sizes(&problem, nullptr), ATTUNE_INVALID_ARGUMENT, "null");
  EXPECT_REFUSED(attune_context_create(nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_context_device(nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_context_statistics(nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_problem_check(nullptr, &problem), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_attention(nullptr, &problem, &tensors, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_find(nullptr, &problem, ATTUNE_COMPILE, nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_prepare(nullptr, problems, 1, ATTUNE_COMPILE), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_execute(nullptr, nullptr, &tensors, nullptr, 0, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_plan_provenance(nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "plan");
  EXPECT_REFUSED(attune_emit(nullptr, nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_tune(nullptr, problems, 1, nullptr, nullptr), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_tuning_outcome(nullptr, 0, nullptr), ATTUNE_INVALID_ARGUMENT, "tuning");
  EXPECT_REFUSED(attune_cancel_create(nullptr), ATTUNE_INVALID_ARGUMENT, "cancel");
  EXPECT_REFUSED(attune_export(nullptr, "x", &count), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_import(nullptr, "x", &count), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_REFUSED(attune_merge(nullptr, "x", &count), ATTUNE_INVALID_ARGUMENT, "context");
  EXPECT_EQ(count, 7);

  EXPECT_EQ(attune_plan_workspace_bytes(nullptr), 0);
  EXPECT_STREQ(attune_plan_text(nullptr), "");
  EXPECT_STREQ(attune_plan_json(nullptr), "");
  EXPECT_EQ(attune_tuning_count(nullptr), 0u);
  attune_context_destroy(nullptr);
  attune_plan_release(nullptr);
  attune_tuning_release(nullptr);
  attune_cancel_set(nullptr);
  attune_cancel_destroy(nullptr);
  attune_free(nullptr);
}

TEST(Abi, MisalignedStructsAreRefused) {
  alignas(16) unsigned char bytes[sizeof(attune_problem) + 16] = {};
  auto* problem = reinterpret_cast<attune_problem*>(bytes + 4);
  EXPECT_REFUSED(attune_problem_init(problem, sizeof(attune_problem)), ATTUNE_INVALID_ARGUMENT, "aligned");
}

TEST(Abi, ImpossibleSizesAreRefused) {
  attune_problem problem;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{8}, size_t{9}, sizeof problem + 1, size_t{1} << 40, SIZE_MAX}) {
    EXPECT_REFUSED(attune_problem_init(&problem, size), ATTUNE_INVALID_ARGUMENT, "attune_problem_init");
  }
  problem = make_problem(1, 1, 1, 4, 4, 16);
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  for (const size_t size : {size_t{0}, size_t{8}, size_t{SIZE_MAX}, size_t{70000}}) {
    problem.struct_size = size;
    EXPECT_REFUSED(attune_tensors_set_contiguous(&problem, &tensors), ATTUNE_INVALID_ARGUMENT, "struct_size");
  }
}

// An older caller's struct ends earlier; the library must not read or write a byte behind it, and takes defaults.
TEST(Abi, OlderCallersGetDefaultsForTheRest) {
  constexpr size_t old_size = offsetof(attune_problem, has_softmax_scale);
  struct OldCaller {
    alignas(attune_problem) unsigned char problem[old_size];
    unsigned char behind[sizeof(attune_problem)];
  } caller;
  std::memset(&caller, 0xab, sizeof caller);
  auto* problem = reinterpret_cast<attune_problem*>(caller.problem);
  ASSERT_EQ(attune_problem_init(problem, old_size), ATTUNE_OK) << attune_last_error();
  for (const unsigned char byte : caller.behind) ASSERT_EQ(byte, 0xab);
  problem->seqlen_q = 3;
  problem->seqlen_kv = 5;
  problem->heads_q = problem->heads_kv = 2;

  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  ASSERT_EQ(attune_tensors_set_contiguous(problem, &tensors), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(tensors.k.stride_batch, 2 * 5 * 64);
  EXPECT_EQ(tensors.q.stride_head, 3 * 64);
}

TEST(Abi, SizesOfGivenOperands) {
  attune_problem problem;
  ASSERT_EQ(attune_problem_init(&problem, sizeof problem), ATTUNE_OK);
  problem.batch = 2;
  problem.heads_q = problem.heads_kv = 3;
  problem.seqlen_q = 130;
  problem.seqlen_kv = 70;
  problem.dtype = ATTUNE_F16;
  attune_given given{};
  given.struct_size = sizeof given;
  problem.quantization = "int8,block,pv-e4m3";
  EXPECT_REFUSED(attune_given_sizes(&problem, &given), ATTUNE_INVALID_ARGUMENT, "given-qkv");
  problem.quantization = "int8,block,pv-e4m3,given-qkv";
  ASSERT_EQ(attune_given_sizes(&problem, &given), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(given.q_rows, 256);
  EXPECT_EQ(given.kv_rows, 128);
  EXPECT_EQ(given.q_scales, 2 * 3 * 2);
  EXPECT_EQ(given.k_scales, 2 * 3 * 2);
  EXPECT_EQ(given.v_codes, 2 * 3 * 128 * 64);
  EXPECT_EQ(given.v_scales, 2 * 3 * 64);
  problem.page_size = 192;
  problem.page_count = 5;
  ASSERT_EQ(attune_given_sizes(&problem, &given), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(given.kv_rows, 192);
  EXPECT_EQ(given.q_scales, 2 * 3 * 2);
  EXPECT_EQ(given.k_scales, 5 * 3 * 3);
  EXPECT_EQ(given.v_codes, 5 * 3 * 192 * 64);
  EXPECT_EQ(given.v_scales, 2 * 3 * 64);
  problem.page_size = 16;
  EXPECT_REFUSED(attune_given_sizes(&problem, &given), ATTUNE_UNSUPPORTED, "page_size is 16");
  problem.page_size = problem.page_count = 0;
  problem.head_dim_qk = 40;
  EXPECT_REFUSED(attune_given_sizes(&problem, &given), ATTUNE_UNSUPPORTED, "head_dim_qk 40");
}

// A newer caller's struct is longer: what this library does not know must be zero.
TEST(Abi, NewerCallersAreServedUnlessTheyUseTheNewField) {
  struct NewCaller {
    attune_problem problem;
    int64_t new_field;
  } caller;
  std::memset(&caller, 0xcd, sizeof caller);
  ASSERT_EQ(attune_problem_init(&caller.problem, sizeof caller), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(caller.new_field, 0);
  EXPECT_EQ(caller.problem.struct_size, sizeof caller);
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  EXPECT_EQ(attune_tensors_set_contiguous(&caller.problem, &tensors), ATTUNE_OK) << attune_last_error();
  caller.new_field = 1;
  EXPECT_REFUSED(attune_tensors_set_contiguous(&caller.problem, &tensors), ATTUNE_UNSUPPORTED, "does not know");
}

// Every integer field that stands for a constant or a switch refuses what is neither, by name.
TEST(Abi, ValuesThatAreNoConstantAreNamed) {
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  const std::vector<std::pair<const char*, int32_t attune_problem::*>> fields = {
      {"dtype", &attune_problem::dtype},
      {"layout", &attune_problem::layout},
      {"has_softmax_scale", &attune_problem::has_softmax_scale},
      {"causal", &attune_problem::causal},
      {"alignment", &attune_problem::alignment},
      {"sinks", &attune_problem::sinks},
      {"alibi", &attune_problem::alibi},
      {"want_lse", &attune_problem::want_lse},
      {"mask_kind", &attune_problem::mask_kind},
      {"mask_dtype", &attune_problem::mask_dtype},
      {"kv_lengths", &attune_problem::kv_lengths},
      {"varlen", &attune_problem::varlen},
      {"sparsity", &attune_problem::sparsity},
      {"sparsity_full", &attune_problem::sparsity_full},
      {"sparsity_partial", &attune_problem::sparsity_partial},
      {"reserved_zero", &attune_problem::reserved_zero},
  };
  for (const auto& [field, member] : fields) {
    for (const int32_t value : {-1, 77, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
      attune_problem problem = make_problem(1, 1, 1, 4, 4, 16);
      problem.*member = value;
      EXPECT_REFUSED(attune_tensors_set_contiguous(&problem, &tensors), ATTUNE_INVALID_ARGUMENT, field);
    }
  }
}

TEST(Abi, AScaleWithoutItsSwitchIsNotIgnored) {
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  for (const float scale : {0.5F, -1.0F, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    attune_problem problem = make_problem(1, 1, 1, 4, 4, 16);
    problem.softmax_scale = scale;
    EXPECT_REFUSED(attune_tensors_set_contiguous(&problem, &tensors), ATTUNE_INVALID_ARGUMENT, "has_softmax_scale");
  }
}

TEST(Abi, NotANumberAndNonsenseSizesAreNamed) {
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  const auto refused = [&](const char* words, auto&& change) {
    attune_problem problem = make_problem(1, 1, 1, 4, 4, 16);
    change(problem);
    EXPECT_REFUSED(attune_tensors_set_contiguous(&problem, &tensors), ATTUNE_INVALID_ARGUMENT, words);
  };
  refused("softmax_scale", [](attune_problem& p) { p.has_softmax_scale = 1, p.softmax_scale = std::nanf(""); });
  refused("softmax_scale", [](attune_problem& p) { p.has_softmax_scale = 1, p.softmax_scale = -INFINITY; });
  refused("softcap", [](attune_problem& p) { p.softcap = std::nanf(""); });
  refused("batch", [](attune_problem& p) { p.batch = 0; });
  refused("batch", [](attune_problem& p) { p.batch = -1; });
  refused("heads_kv", [](attune_problem& p) { p.heads_q = 3, p.heads_kv = 2; });
  refused("seqlen", [](attune_problem& p) { p.seqlen_q = std::numeric_limits<int64_t>::max(); });
  refused("head_dim", [](attune_problem& p) { p.head_dim_qk = 0; });
  refused("", [](attune_problem& p) { p.batch = p.heads_q = p.heads_kv = p.seqlen_q = p.seqlen_kv = int64_t{1} << 31; });
  refused("window_left", [](attune_problem& p) { p.window_left = -2; });
}

TEST(Abi, ContextOptionsAreChecked) {
  attune_context* context = nullptr;
  const auto refused = [&](attune_status status, const char* words, auto&& change) {
    attune_context_options options = memory_options();
    change(options);
    EXPECT_REFUSED(attune_context_create(&options, &context), status, words);
    EXPECT_EQ(context, nullptr);
  };
  refused(ATTUNE_INVALID_ARGUMENT, "threads", [](attune_context_options& o) { o.threads = -1; });
  refused(ATTUNE_INVALID_ARGUMENT, "read_only", [](attune_context_options& o) { o.read_only = 2; });
  refused(ATTUNE_INVALID_ARGUMENT, "kernels_max_bytes", [](attune_context_options& o) { o.kernels_max_bytes = -1; });
  refused(ATTUNE_INVALID_ARGUMENT, "site_records", [](attune_context_options& o) { o.site_records_count = 1; });
  refused(ATTUNE_INVALID_ARGUMENT, "allocate",
          [](attune_context_options& o) { o.release = [](void*, int64_t, void*, void*) {}; });
  refused(ATTUNE_INVALID_ARGUMENT, "budget", [](attune_context_options& o) { o.tune_budget = "soon"; });
  static const char* const paths[] = {nullptr};
  refused(ATTUNE_INVALID_ARGUMENT, "site_kernels[0]", [](attune_context_options& o) {
    o.site_kernels = paths;
    o.site_kernels_count = 1;
  });
  attune_context_options options = memory_options();
  options.device = "abacus";
  EXPECT_NE(attune_context_create(&options, &context), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), HasSubstr("abacus"));
}

TEST(Abi, ErrorsBelongToTheirThread) {
  attune_problem problem;
  ASSERT_EQ(attune_problem_init(&problem, 8), ATTUNE_INVALID_ARGUMENT);
  const std::string before = attune_last_error();
  std::string elsewhere = "unset";
  std::thread([&] {
    elsewhere = attune_last_error();
    (void)attune_cancel_create(nullptr);
  }).join();
  EXPECT_EQ(elsewhere, "");
  EXPECT_EQ(attune_last_error(), before);
  EXPECT_STREQ(attune_last_error_log(), "");
}

TEST(Abi, TheLogGoesWhereItIsSent) {
  EXPECT_REFUSED(attune_set_log(nullptr, nullptr, 9), ATTUNE_INVALID_ARGUMENT, "level");
  EXPECT_REFUSED(attune_set_log(nullptr, nullptr, -1), ATTUNE_INVALID_ARGUMENT, "level");
  std::vector<std::string> lines;
  ASSERT_EQ(attune_set_log(
                [](int32_t, const char* line, void* user) { static_cast<std::vector<std::string>*>(user)->push_back(line); },
                &lines, ATTUNE_LOG_WARNING),
            ATTUNE_OK);
#ifdef ATTUNE_TEST_LLVM
  // A store that cannot be opened is no error, and is said once.
  attune_context_options options = memory_options();
  options.records_directory = "/proc/attune-cannot-be-created-here";
  const ContextPtr context = make_context(options);
  ASSERT_NE(context, nullptr);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("/proc/attune-cannot-be-created-here")));
#endif
  EXPECT_EQ(attune_set_log(nullptr, nullptr, ATTUNE_LOG_WARNING), ATTUNE_OK);
}

}  // namespace
}  // namespace attune_test
