// .npy: what NumPy writes is read, what lies is refused by name.
#include "cli/files/npy.hpp"

#include <gmock/gmock.h>

#include <cstring>

namespace attune::cli {
namespace {

using ::testing::HasSubstr;

std::string npy(int version, const std::string& header, size_t data_bytes, int64_t claimed = -1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += static_cast<char>(version);
  bytes += '\0';
  const auto length = static_cast<uint64_t>(claimed >= 0 ? claimed : static_cast<int64_t>(header.size()));
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes + header + std::string(data_bytes, '\x01');
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

Result<Array> read(const std::string& bytes) { return read_npy(*from_memory(bytes)); }

std::string refusal(const std::string& bytes) {
  const auto array = read(bytes);
  if (array) return "it was read";
  EXPECT_EQ(array.error().status(), Status::invalid_argument);
  return array.error().message();
}

TEST(Npy, ReadsEveryVersionTypeAndSpelling) {
  for (const int version : {1, 2, 3}) {
    const auto array = read(npy(version, header("<f4", "(1, 2, 3, 4)"), 96));
    ASSERT_TRUE(array.ok()) << version;
    EXPECT_EQ(array->shape(), (std::vector<int64_t>{1, 2, 3, 4}));
    EXPECT_EQ(array->dtype(), DType::f32);
    EXPECT_EQ(array->as<uint32_t>()[23], 0x01010101u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array->data()) % 64, 0u);
  }
  EXPECT_EQ(read(npy(1, header("<f2", "(3,)"), 6))->dtype(), DType::f16);
  EXPECT_EQ(read(npy(1, header("|b1", "(3,)"), 3))->dtype(), DType::boolean);
  EXPECT_EQ(read(npy(1, header("<i4", "(3,)"), 12))->dtype(), DType::i32);
  EXPECT_EQ(read(npy(1, header("<i8", "(3L,)"), 24))->dtype(), DType::i64);
  EXPECT_EQ(read(npy(1, header("<f4", "()"), 4))->rank(), 0);
  EXPECT_EQ(read(npy(1, header("<f4", "(2, 0, 5)"), 0))->count(), 0);
  EXPECT_TRUE(read(npy(1, "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}", 8)).ok());
  // One dimension is both orders at once.
  EXPECT_TRUE(read(npy(1, header("<f4", "(2,)", "True"), 8)).ok());
}

TEST(Npy, WhatIsWrittenIsReadBack) {
  for (const DType dtype : {DType::f32, DType::f16, DType::boolean, DType::i32, DType::i64}) {
    for (const auto& shape : {std::vector<int64_t>{}, {7}, {2, 3}, {1, 2, 3, 4}, {3, 0}}) {
      auto array = Array::allocate(dtype, shape);
      ASSERT_TRUE(array.ok());
      for (int64_t i = 0; i < array->bytes(); ++i) array->data()[i] = static_cast<std::byte>(i * 37);
      const auto bytes = npy_bytes(*array);
      ASSERT_TRUE(bytes.ok());
      EXPECT_EQ((bytes->size() - static_cast<size_t>(array->bytes())) % 64, 0u);
      const auto again = read(*bytes);
      ASSERT_TRUE(again.ok()) << again.error().message();
      EXPECT_EQ(again->shape(), shape);
      EXPECT_EQ(again->dtype(), dtype);
      EXPECT_EQ(std::memcmp(again->data(), array->data(), static_cast<size_t>(array->bytes())), 0);
    }
  }
  EXPECT_THAT(npy_bytes(*Array::allocate(DType::bf16, {2})).error().message(), HasSubstr(".safetensors"));
}

TEST(Npy, RefusesWhatItCannotRead) {
  EXPECT_THAT(refusal(npy(1, header("<f8", "(2,)"), 16)), HasSubstr("float64 is not supported; save array.astype"));
  EXPECT_THAT(refusal(npy(1, header(">f4", "(2,)"), 8)), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(npy(1, header("<c8", "(2,)"), 16)), HasSubstr("'<c8' is not supported"));
  EXPECT_THAT(refusal(npy(1, header("<V2", "(2,)"), 4)), HasSubstr("bfloat16"));
  EXPECT_THAT(refusal(npy(1, header("|O", "(2,)"), 16)), HasSubstr("'|O' is not supported"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(2, 2)", "True"), 16)), HasSubstr("ascontiguousarray"));
  EXPECT_THAT(refusal(npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4)),
              HasSubstr("structured"));
}

TEST(Npy, CodesAreReadAsCodesAlone) {
  for (const auto& [descr, type] : {std::pair{"|i1", CodeType::int8}, {"|u1", CodeType::uint8}, {"<i1", CodeType::int8}}) {
    const std::string file = npy(1, header(descr, "(2, 3)"), 6);
    EXPECT_THAT(refusal(file), HasSubstr("is not supported")) << descr;
    const auto codes = read_npy_codes(*from_memory(file));
    ASSERT_TRUE(codes.ok()) << codes.error().message();
    EXPECT_EQ(codes->type, type);
    EXPECT_EQ(codes->bytes.shape(), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(codes->bytes.as<uint8_t>()[5], 1);
  }
  const auto refused = [](const std::string& bytes) { return read_npy_codes(*from_memory(bytes)).error().message(); };
  for (const char* descr : {"<f4", "|b1", "<i4", "|V1"}) {
    EXPECT_THAT(refused(npy(1, header(descr, "(2,)"), 8)), HasSubstr("holds no codes; save int8 as it is")) << descr;
  }
  EXPECT_THAT(refused(npy(1, header("|i1", "(7,)"), 6)), HasSubstr("needs 7 bytes of data, but the file holds 6"));
  EXPECT_THAT(refused(npy(1, header("|i1", "(2, 3)", "True"), 6)), HasSubstr("ascontiguousarray"));
}

TEST(Npy, RefusesFilesThatLie) {
  EXPECT_THAT(refusal(""), HasSubstr("0 bytes long"));
  EXPECT_THAT(refusal("not a numpy file"), HasSubstr("does not start with"));
  EXPECT_THAT(refusal(npy(4, header("<f4", "(2,)"), 8)), HasSubstr("version 4.0 is unknown"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(2,)"), 7)), HasSubstr("needs 8 bytes of data, but the file holds 7"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(2,)"), 9)), HasSubstr("the file holds 9"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(2,)"), 0, 60000)), HasSubstr("claims 60000 bytes"));
  EXPECT_THAT(refusal(npy(2, header("<f4", "(2,)"), 8, 0xffffffff)), HasSubstr("claims 4294967295 bytes, more than"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(-2,)"), 8)), HasSubstr("negative extent"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(99999999999999999999,)"), 8)), HasSubstr("below 2^63"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(4294967296, 4294967296)"), 8)), HasSubstr("63 bits"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(0, 4294967296, 4294967296)"), 0)), HasSubstr("63 bits"));
  std::string deep = "(";
  for (int i = 0; i < 40; ++i) deep += "1,";
  EXPECT_THAT(refusal(npy(1, header("<f4", deep + ")"), 4)), HasSubstr("40 dimensions"));
  EXPECT_THAT(refusal(npy(1, header("<f4", "(2,)") + "junk", 8)), HasSubstr("text after the header"));
  EXPECT_THAT(refusal(npy(1, "{'descr': '<f4', 'shape': (2,)}", 8)), HasSubstr("must have the keys"));
  EXPECT_THAT(refusal(npy(1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8)),
              HasSubstr("given twice"));
  EXPECT_THAT(refusal(npy(1, "{'descr': '<f4", 0)), HasSubstr("not closed"));
  EXPECT_THAT(refusal(npy(1, "[]", 0)), HasSubstr("not a dictionary"));
}

TEST(Npy, EveryPrefixOfAFileIsRefused) {
  const std::string whole = npy(1, header("<f4", "(2, 3)"), 24);
  ASSERT_TRUE(read(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size)).ok()) << size;
}

TEST(Array, CountsNonFiniteValues) {
  auto floats = *Array::allocate(DType::f32, {3});
  floats.as<float>()[0] = 1;
  floats.as<float>()[1] = -std::numeric_limits<float>::infinity();
  floats.as<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(count_non_finite(floats), 2);
  EXPECT_EQ(count_nan(floats), 1);
  auto halves = *Array::allocate(DType::bf16, {2});
  halves.as<uint16_t>()[0] = 0x7f80;
  halves.as<uint16_t>()[1] = 0x7f7f;
  EXPECT_EQ(count_non_finite(halves), 1);
  EXPECT_EQ(count_nan(halves), 0);
}

}  // namespace
}  // namespace attune::cli
