// Device names, policy names and compile keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/plan.hpp"
#include "tests/runtime/fake_device.hpp"

namespace attune::runtime {
namespace {

using ::testing::HasSubstr;

TEST(OpenDevice, NamesThatThisBuildCannotServe) {
  const std::vector<std::pair<std::string, Status>> cases = {{"cuda:0", Status::device_unavailable},
                                                             {"cuda:12", Status::device_unavailable},
                                                             {"cuda", Status::invalid_argument},
                                                             {"cuda:", Status::invalid_argument},
                                                             {"cuda:-1", Status::invalid_argument},
                                                             {"cuda:x", Status::invalid_argument},
                                                             {"emulated:sm_", Status::invalid_argument},
                                                             {"emulated:90", Status::invalid_argument},
                                                             {"", Status::invalid_argument},
                                                             {"CPU", Status::invalid_argument},
                                                             {"gpu", Status::invalid_argument}};
  for (const auto& [name, status] : cases) {
    DeviceOptions options;
    options.name = name;
    options.driver = "libnosuchdriver.so.1";  // the machine may have a GPU
    const auto device = open_device(options);
    ASSERT_FALSE(device.ok()) << name;
    EXPECT_EQ(device.error().status(), status) << name;
    EXPECT_THAT(device.error().message(), HasSubstr("'cpu'")) << "what would work";
    EXPECT_THAT(device.error().message(), HasSubstr("'" + name + "'"));
  }
}

TEST(Policy, NamesRoundTrip) {
  for (const Policy policy : {Policy::cached_only, Policy::compile, Policy::tune_if_missing, Policy::retune}) {
    const auto parsed = parse_policy(name(policy));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, policy);
  }
  const auto wrong = parse_policy("Compile");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("tune_if_missing"));
}

TEST(CompileKey, EveryPartCounts) {
  test::FakeCompiler compiler;
  Source source;
  source.text = "text";
  source.target_cpu = "cpu";
  source.target_features = "+a";
  source.entries = {"one", "two"};
  std::set<std::string> keys = {compile_key(source, compiler, "arch")};
  const auto differs = [&](auto change, std::string_view arch = "arch") {
    Source changed = source;
    change(changed);
    return keys.insert(compile_key(changed, compiler, arch)).second;
  };
  EXPECT_EQ(keys.begin()->size(), 64U);
  EXPECT_FALSE(differs([](Source&) {}));
  EXPECT_TRUE(differs([](Source& s) { s.text += " "; }));
  EXPECT_TRUE(differs([](Source& s) { s.target_cpu = "other"; }));
  EXPECT_TRUE(differs([](Source& s) { s.target_features = "+b"; }));
  EXPECT_TRUE(differs([](Source& s) { s.entries = {"two", "one"}; }));
  EXPECT_TRUE(differs([](Source& s) { s.entries = {"onetwo"}; }));
  EXPECT_TRUE(differs([](Source& s) { s.kind = SourceKind::cuda_cpp; }));
  EXPECT_TRUE(differs([](Source&) {}, "other arch"));
  // The same bytes, divided otherwise.
  EXPECT_TRUE(differs([](Source& s) { s.target_cpu = "cpu+", s.target_features = "a"; }));
  compiler.version = "2";
  EXPECT_TRUE(differs([](Source&) {}));
}

}  // namespace
}  // namespace attune::runtime
