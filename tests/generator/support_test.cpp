// The support matrix: asked of the families, nothing left out, and reasons where something is refused.
#include "generator/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/generator/emission.hpp"

namespace attune {
namespace {

const std::vector<DeviceClass>& devices() {
  static const std::vector<DeviceClass> all = {test_cpu("portable"), test_cpu("x86-64-avx2"), test_gpu("sm_80"),
                                               test_gpu("sm_90a"), test_gpu("sm_120a")};
  return all;
}

TEST(Support, RepresentativesAreWellFormedAndAllDifferent) {
  std::set<std::string> seen, names;
  for (const SupportFeature& feature : support_features()) {
    EXPECT_TRUE(names.emplace(feature.name).second) << feature.name;
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      const Problem problem = representative(feature, dtype);
      EXPECT_TRUE(validate(problem).ok()) << feature.name << ": " << validate(problem).error().message();
      EXPECT_TRUE(seen.insert(to_json(problem)).second) << feature.name;
    }
  }
}

// Every switch of a problem is asked for by some feature: a new field without a row is found here.
TEST(Support, EveryFieldOfAProblemIsAskedFor) {
  Problem plain;
  plain.batch = 2;
  plain.heads_q = 8;
  plain.heads_kv = 2;
  plain.seqlen_q = 512;
  plain.seqlen_kv = 1024;
  std::set<std::string> untouched = {"batch",      "heads_q",   "heads_kv",      "seqlen_q", "seqlen_kv",   "head_dim_qk",
                                     "head_dim_v", "layout",    "softmax_scale", "causal",   "window_left", "window_right",
                                     "alignment",  "softcap",   "sinks",         "alibi",    "mask",        "kv_lengths",
                                     "varlen",     "total_q",   "total_kv",      "want_lse", "sparsity",    "quantization",
                                     "page_size",  "page_count"};
  const auto fields_of = [](const Problem& problem) {
    std::map<std::string, std::string> fields;
    const std::string json = to_json(problem);
    // Top-level fields of the canonical text; nested objects are one value.
    size_t begin = 1;
    int depth = 0;
    bool quoted = false;
    for (size_t at = 1; at < json.size(); ++at) {
      if (json[at] == '"') quoted = !quoted;
      if (quoted) continue;  // requests of quantization have commas
      if (json[at] == '{') ++depth;
      if (json[at] == '}') --depth;
      if ((json[at] == ',' && depth == 0) || depth < 0) {
        const std::string field = json.substr(begin, at - begin);
        const size_t colon = field.find("\":");
        fields[field.substr(1, colon - 1)] = field.substr(colon + 2);
        begin = at + 1;
      }
    }
    return fields;
  };
  const auto base = fields_of(plain);
  EXPECT_EQ(base.size(), untouched.size() + 1);  // and the dtype, which every feature is asked in
  for (const SupportFeature& feature : support_features()) {
    for (const auto& [field, value] : fields_of(representative(feature, plain.dtype))) {
      if (base.at(field) != value) untouched.erase(field);
    }
  }
  // Lengths and the batch are sizes, not features; heads_q with heads_kv is the group.
  EXPECT_EQ(untouched, (std::set<std::string>{"batch", "heads_q", "seqlen_kv"}));
}

TEST(Support, AnswersAreTheFamiliesOwn) {
  const auto matrix = support_matrix(devices());
  std::set<std::pair<const Family*, std::string>> seen;
  for (const SupportColumn& column : matrix) {
    ASSERT_EQ(column.cells.size(), support_features().size());
    for (const std::string& arch : column.archs) {
      EXPECT_TRUE(seen.emplace(column.family, arch).second) << arch << " in two columns of one family";
      const auto device = std::find_if(devices().begin(), devices().end(), [&](const auto& d) { return d.arch == arch; });
      ASSERT_NE(device, devices().end());
      for (size_t n = 0; n < column.cells.size(); ++n) {
        const SupportCell& cell = column.cells[n];
        EXPECT_EQ(cell.dtypes.size() == 3, cell.reason.empty());
        for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
          const bool yes = std::find(cell.dtypes.begin(), cell.dtypes.end(), dtype) != cell.dtypes.end();
          EXPECT_EQ(yes, column.family->supports(representative(support_features()[n], dtype), *device).ok());
        }
      }
    }
  }
  // Each family serves what it is for, and on a GPU all but quantization is served by some family.
  for (const Family* family : families()) {
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [&](const auto& s) { return s.first == family; })) << family->name();
  }
}

TEST(Support, TheReasonIsAboutTheFeature) {
  const auto matrix = support_matrix(std::vector<DeviceClass>{test_gpu("sm_80")});
  const auto mma =
      std::find_if(matrix.begin(), matrix.end(), [](const auto& c) { return c.family->name() == "forward_mma"; });
  ASSERT_NE(mma, matrix.end());
  for (size_t n = 0; n < mma->cells.size(); ++n) {
    if (support_features()[n].name != "head_dim 59") continue;
    EXPECT_TRUE(mma->cells[n].dtypes.empty());
    EXPECT_NE(mma->cells[n].reason.find("head_dim_qk 59"), std::string::npos) << mma->cells[n].reason;  // not: fp32
  }
  EXPECT_NE(mma->cells.front().reason.find("fp32"), std::string::npos);
}

TEST(Support, ADeviceThatNobodyServesHasNoColumn) {
  DeviceClass abacus = test_cpu("beads");
  abacus.kind = "abacus";
  EXPECT_TRUE(support_matrix(std::vector<DeviceClass>{abacus}).empty());
}

}  // namespace
}  // namespace attune
