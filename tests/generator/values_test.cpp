// Config and Spec: canonical text, strict reading, ordered content.
#include "generator/values.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace attune {
namespace {

TEST(Config, EqualContentHasEqualBytesWhateverTheOrder) {
  const Config one = Config().set("block_n", 128).set("block_m", 64);
  const Config other = Config().set("block_m", 64).set("block_n", 128);
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.to_json(), R"({"block_m":64,"block_n":128})");
  EXPECT_EQ(one.to_json(), other.to_json());
  EXPECT_EQ(one.to_text(), "block_m=64 block_n=128");
  EXPECT_EQ(Config().to_json(), "{}");
  EXPECT_EQ(Config().to_text(), "");
}

TEST(Config, SetReplacesAndGetFallsBack) {
  Config config;
  config.set("x", 1).set("x", 2);
  EXPECT_EQ(config.at("x"), 2);
  EXPECT_EQ(config.get("x", 7), 2);
  EXPECT_EQ(config.get("y", 7), 7);
  EXPECT_TRUE(config.has("x"));
  EXPECT_FALSE(config.has("y"));
}

TEST(Config, JsonRoundTripKeepsExtremes) {
  const Config config = Config()
                            .set("low", std::numeric_limits<int64_t>::min())
                            .set("high", std::numeric_limits<int64_t>::max())
                            .set("quote\"d", -1);
  const auto read = Config::from_json(config.to_json());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, config);
}

TEST(Config, RefusesWhatIsNotAFlatObjectOfIntegers) {
  for (const char* text : {"", "[]", "3", "{", "{\"a\":1.5}", "{\"a\":\"1\"}", "{\"a\":{}}", "{\"a\":true}", "{\"a\":null}",
                           "{\"a\":1}x", "{\"a\":9223372036854775808}", "{\"a\":1e3}"}) {
    const auto read = Config::from_json(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().status(), Status::invalid_argument);
  }
}

TEST(ConfigDeathTest, AtNamesTheMissingTunable) { EXPECT_DEATH(Config().at("stages"), "stages"); }

TEST(Spec, CanonicalWithFamilyVersionAndArch) {
  Spec spec("forward_cpu", 3, "x86-64-avx2");
  spec.set("head_dim_qk", int64_t{64}).set("dtype", "bf16").set("causal", int64_t{1});
  EXPECT_EQ(
      spec.to_json(),
      R"({"arch":"x86-64-avx2","causal":"1","dtype":"bf16","family":"forward_cpu","family_version":3,"head_dim_qk":"64"})");
  EXPECT_EQ(spec.to_text(), "forward_cpu v3 x86-64-avx2 causal=1 dtype=bf16 head_dim_qk=64");
  EXPECT_EQ(spec.number("head_dim_qk"), 64);
  EXPECT_TRUE(spec.flag("causal"));
  EXPECT_EQ(spec.text("dtype"), "bf16");
}

TEST(Spec, EveryFieldTellsSpecsApart) {
  Spec spec("f", 1, "a");
  spec.set("x", int64_t{1});
  Spec version("f", 2, "a"), arch("f", 1, "b"), value("f", 1, "a");
  version.set("x", int64_t{1});
  arch.set("x", int64_t{1});
  value.set("x", int64_t{2});
  for (const Spec& other : {version, arch, value}) {
    EXPECT_NE(spec.to_json(), other.to_json());
    EXPECT_FALSE(spec == other);
  }
}

TEST(Spec, JsonEscapesText) {
  Spec spec("f", 1, "a");
  spec.set("note", "a\"b\n\xff");
  EXPECT_NE(spec.to_json().find(R"(a\"b\n)"), std::string::npos);
}

TEST(SpecDeathTest, NumberOfTextIsABug) {
  Spec spec("f", 1, "a");
  spec.set("dtype", "bf16");
  EXPECT_DEATH(spec.number("dtype"), "dtype");
  EXPECT_DEATH(spec.text("layout"), "layout");
}

}  // namespace
}  // namespace attune
