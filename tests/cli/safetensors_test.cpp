// .safetensors: the header is trusted as a whole or not at all.
#include "cli/files/safetensors.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstring>

#include "cli/files/tensor_file.hpp"
#include "common/files.hpp"
#include "tests/common/temporary_directory.hpp"

namespace attune::cli {
namespace {

using ::testing::HasSubstr;

std::string file(const std::string& header, size_t data_bytes, int64_t claimed = -1) {
  const auto length = static_cast<uint64_t>(claimed >= 0 ? claimed : static_cast<int64_t>(header.size()));
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes + header + std::string(data_bytes, '\x02');
}

Result<Array> read(const std::string& bytes, std::string_view tensor = "q") {
  return read_safetensors(*from_memory(bytes), tensor);
}

std::string refusal(const std::string& bytes, std::string_view tensor = "q") {
  const auto array = read(bytes, tensor);
  if (array) return "it was read";
  EXPECT_EQ(array.error().status(), Status::invalid_argument);
  return array.error().message();
}

constexpr const char* two =
    R"({"q":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"k":{"dtype":"F64","shape":[1],"data_offsets":[12,20]},)"
    R"("__metadata__":{"format":"pt"}})";

TEST(Safetensors, ReadsOneTensorOfSeveral) {
  const auto q = read(file(two, 20));
  ASSERT_TRUE(q.ok()) << q.error().message();
  EXPECT_EQ(q->dtype(), DType::bf16);
  EXPECT_EQ(q->shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(q->as<uint16_t>()[5], 0x0202);
  EXPECT_THAT(refusal(file(two, 20), "k"), HasSubstr("'k' is F64"));
  EXPECT_THAT(refusal(file(two, 20), "v"), HasSubstr("no tensor 'v' but: q, k"));
}

TEST(Safetensors, CodesAreReadAsCodesAlone) {
  for (const auto& [dtype, type] : {std::pair{"I8", CodeType::int8}, {"U8", CodeType::uint8}, {"F8_E4M3", CodeType::e4m3}}) {
    const std::string header = fmt::format(R"({{"q":{{"dtype":"{}","shape":[2,3],"data_offsets":[0,6]}}}})", dtype);
    EXPECT_THAT(refusal(file(header, 6)), HasSubstr(dtype));
    const auto codes = read_safetensors_codes(*from_memory(file(header, 6)), "q");
    ASSERT_TRUE(codes.ok()) << codes.error().message();
    EXPECT_EQ(codes->type, type);
    EXPECT_EQ(codes->bytes.shape(), (std::vector<int64_t>{2, 3}));
  }
  const auto refused = [](const std::string& bytes) {
    return read_safetensors_codes(*from_memory(bytes), "q").error().message();
  };
  EXPECT_THAT(refused(file(R"({"q":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}})", 6)), HasSubstr("holds no codes"));
  EXPECT_THAT(refused(file(R"({"q":{"dtype":"I8","shape":[7],"data_offsets":[0,6]}})", 6)),
              HasSubstr("shape [7] needs 7 bytes, but its data_offsets span 6"));
}

TEST(Safetensors, WhatIsWrittenIsReadBack) {
  std::vector<Array> arrays;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::boolean, DType::i32, DType::i64}) {
    arrays.push_back(*Array::allocate(dtype, {2, 3, 5}));
    for (int64_t i = 0; i < arrays.back().bytes(); ++i) arrays.back().data()[i] = static_cast<std::byte>(i * 13 + 1);
  }
  std::vector<std::pair<std::string, const Array*>> named;
  for (size_t i = 0; i < arrays.size(); ++i) named.emplace_back(fmt::format("t{}", i), &arrays[i]);
  const std::string bytes = safetensors_bytes(named);
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto again = read(bytes, fmt::format("t{}", i));
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(again->dtype(), arrays[i].dtype());
    EXPECT_EQ(again->shape(), arrays[i].shape());
    EXPECT_EQ(std::memcmp(again->data(), arrays[i].data(), static_cast<size_t>(arrays[i].bytes())), 0);
  }
}

TEST(Safetensors, RefusesFilesThatLie) {
  const auto one = [](const std::string& entry) {
    std::string header = "{\"q\":";
    header += entry;
    header += '}';
    return header;
  };
  EXPECT_THAT(refusal("1234567"), HasSubstr("7 bytes long"));
  EXPECT_THAT(refusal(file("{}", 0, INT64_MAX)), HasSubstr("its header claims"));
  EXPECT_THAT(refusal(file("{}", 0, 3)), HasSubstr("its header claims 3 bytes"));
  EXPECT_THAT(refusal(file("[]", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(file("{\"q\":", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(file(std::string(100000, '['), 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(file(one("3"), 0)), HasSubstr("is not an object"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1]})"), 4)), HasSubstr("must have exactly"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":1,"shape":[1],"data_offsets":[0,4]})"), 4)), HasSubstr("not a word"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":"x","data_offsets":[0,4]})"), 4)), HasSubstr("not a list"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), 4)),
              HasSubstr("not a whole number"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), 4)),
              HasSubstr("not a whole number"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"), 4)), HasSubstr("backwards"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]})"), 4)),
              HasSubstr("not two whole numbers"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), 4)), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})"), 4)),
              HasSubstr("63 bits"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), 8)), HasSubstr("starts at byte 4"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 5)), HasSubstr("the file holds 5"));
  EXPECT_THAT(refusal(file(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 3)), HasSubstr("the file holds 3"));
  const std::string q = R"("q":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THAT(refusal(file("{" + q + "," + q + "}", 4)), HasSubstr("'q' is there twice"));
  EXPECT_THAT(refusal(file(R"({"q":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                           R"("k":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                           8)),
              HasSubstr("starts at byte 4"));
}

TEST(Safetensors, EveryPrefixOfAFileIsRefused) {
  const std::string whole = file(two, 20);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size)).ok()) << size;
}

TEST(TensorFile, NamesFileAndRoleInErrors) {
  test::TemporaryDirectory directory;
  const std::string path = directory / "x.safetensors";
  ASSERT_TRUE(write_file_atomically(path, file(two, 20)).ok());
  EXPECT_TRUE(load_tensor(path, "q").ok());
  EXPECT_TRUE(load_tensor(path + ":q", "k").ok());
  EXPECT_THAT(load_tensor(path, "v").error().message(), HasSubstr("v: " + path));
  EXPECT_THAT(load_tensor(directory / "none.npy", "q").error().message(), HasSubstr("No such file"));
  EXPECT_THAT(load_tensor(directory / "x.pt", "q").error().message(), HasSubstr("must end in .npy or .safetensors"));
  EXPECT_THAT(load_tensor("/dev/null/x.npy", "q").error().message(), HasSubstr("Not a directory"));
  std::filesystem::create_directory(directory / "d.npy");
  EXPECT_THAT(load_tensor(directory / "d.npy", "q").error().message(), HasSubstr("not a regular file"));
}

TEST(TensorFile, RefusesOutputNamesBeforeTheWork) {
  test::TemporaryDirectory directory;
  EXPECT_TRUE(check_output_name(directory / "o.npy", "out", DType::f32).ok());
  EXPECT_THAT(check_output_name(directory / "o.npy", "out", DType::bf16).error().message(), HasSubstr("cannot store bf16"));
  EXPECT_THAT(check_output_name(directory / "o.txt", "out", DType::f32).error().message(), HasSubstr("must end in"));
  const auto missing = check_output_name(directory / "no/o.npy", "out", DType::f32);
  EXPECT_EQ(missing.error().status(), Status::io_error);
}

}  // namespace
}  // namespace attune::cli
