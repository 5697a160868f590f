// The .npy header is a Python dictionary literal; this reads exactly the subset that NumPy writes.
#include "cli/files/npy.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

namespace attune::cli {
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr int64_t max_header_bytes = 1 << 16;  // NumPy writes about 128 and itself distrusts more than 10,000

Error malformed(std::string_view what) {
  return {Status::invalid_argument, fmt::format("not a valid .npy file: {}; save the array again with numpy.save", what)};
}

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 40)) out += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  return out;
}

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// Recursive descent over {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Result<Header> parse() {
    Header header;
    if (!take('{')) return malformed("the header is not a dictionary");
    while (!take('}')) {
      ATTUNE_TRY(const std::string key, quoted());
      if (!take(':')) return malformed("a header key has no value");
      ATTUNE_CHECK(value(key, header));
      if (take(',')) continue;
      if (!take('}')) return malformed("the header dictionary is not closed");
      break;
    }
    skip_space();
    if (position_ != text_.size()) return malformed("there is text after the header dictionary");
    if (!header.descr || !header.fortran_order || !header.shape) {
      return malformed("the header must have the keys descr, fortran_order and shape");
    }
    return header;
  }

 private:
  Result<void> value(const std::string& key, Header& header) {
    if (key == "descr" && !header.descr) {
      skip_space();
      if (position_ < text_.size() && text_[position_] == '[') {
        return Error(Status::invalid_argument, "dtype: structured arrays are not read; save one plain float array per file");
      }
      ATTUNE_TRY(header.descr, quoted());
      return {};
    }
    if (key == "fortran_order" && !header.fortran_order) {
      if (take_word("True")) {
        header.fortran_order = true;
      } else if (take_word("False")) {
        header.fortran_order = false;
      } else {
        return malformed("fortran_order is neither True nor False");
      }
      return {};
    }
    if (key == "shape" && !header.shape) {
      ATTUNE_TRY(header.shape, tuple());
      return {};
    }
    return malformed(fmt::format("the header key '{}' is unknown or given twice", printable(key)));
  }

  Result<std::string> quoted() {
    skip_space();
    if (position_ >= text_.size() || (text_[position_] != '\'' && text_[position_] != '"')) {
      return malformed("a quoted word is missing in the header");
    }
    const char quote = text_[position_++];
    const size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) return malformed("a quote in the header is not closed");
    std::string word(text_.substr(position_, end - position_));
    position_ = end + 1;
    return word;
  }

  Result<std::vector<int64_t>> tuple() {
    if (!take('(')) return malformed("shape is not a tuple");
    std::vector<int64_t> shape;
    while (!take(')')) {
      skip_space();
      int64_t extent = 0;
      const char* begin = text_.data() + position_;
      const auto [end, failure] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (failure != std::errc()) return malformed("an extent in shape is not a whole number below 2^63");
      position_ += static_cast<size_t>(end - begin);
      if (position_ < text_.size() && text_[position_] == 'L') ++position_;  // Python 2 wrote long integers so
      shape.push_back(extent);
      if (take(',')) continue;
      if (!take(')')) return malformed("shape is not closed");
      break;
    }
    return shape;
  }

  void skip_space() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_])) != 0) ++position_;
  }
  bool take(char wanted) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  bool take_word(std::string_view wanted) {
    skip_space();
    if (text_.substr(position_, wanted.size()) != wanted) return false;
    position_ += wanted.size();
    return true;
  }

  std::string_view text_;
  size_t position_ = 0;
};

Result<DType> dtype_of(std::string_view descr) {
  if (!descr.empty() && descr[0] == '>') {
    return Error(Status::invalid_argument,
                 "dtype: the array is big-endian; save array.astype(array.dtype.newbyteorder('<')) instead");
  }
  const std::string_view kind = descr.empty() ? descr : descr.substr(1);
  const bool known_order = !descr.empty() && std::string_view("<|=").find(descr[0]) != std::string_view::npos;
  if (known_order) {
    if (kind == "f4") return DType::f32;
    if (kind == "f2") return DType::f16;
    if (kind == "b1") return DType::boolean;
    if (kind == "i4") return DType::i32;
    if (kind == "i8") return DType::i64;
    if (kind == "f8") {
      return Error(Status::invalid_argument,
                   "dtype: float64 is not supported; save array.astype(numpy.float32) or float16 instead");
    }
    if (kind == "V2") {
      return Error(Status::invalid_argument,
                   "dtype: two-byte void, which is how .npy stores bfloat16; use a .safetensors file for bf16");
    }
  }
  return Error(Status::invalid_argument,
               fmt::format("dtype: '{}' is not supported; save the array as float32, float16, bool, int32 or int64",
                           printable(descr)));
}

const char* descr_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return "<f4";
    case DType::f16: return "<f2";
    case DType::boolean: return "|b1";
    case DType::i32: return "<i4";
    case DType::i64: return "<i8";
    case DType::bf16: return nullptr;
  }
  return nullptr;
}

// A header that has everything.
struct Opened {
  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  int64_t data_begin = 0;
};

Result<Opened> open_npy(const ByteSource& source) {
  unsigned char prefix[12] = {};
  const int64_t size = source.size_bytes();
  if (size < 10) return malformed(fmt::format("it is {} bytes long, shorter than any header", size));
  ATTUNE_CHECK(source.read(0, prefix, 10));
  if (std::memcmp(prefix, magic.data(), magic.size()) != 0) return malformed("it does not start with \\x93NUMPY");
  const int version = prefix[6];
  if (version < 1 || version > 3 || prefix[7] != 0) {
    return malformed(fmt::format("version {}.{} is unknown (1.0, 2.0 and 3.0 are)", version, prefix[7]));
  }
  int64_t header_begin = 10;
  int64_t header_bytes = prefix[8] | prefix[9] << 8;
  if (version >= 2) {
    if (size < 12) return malformed("it is shorter than its header");
    ATTUNE_CHECK(source.read(8, prefix + 8, 4));
    header_begin = 12;
    header_bytes = static_cast<int64_t>(prefix[8]) | static_cast<int64_t>(prefix[9]) << 8 |
                   static_cast<int64_t>(prefix[10]) << 16 | static_cast<int64_t>(prefix[11]) << 24;
  }
  if (header_bytes > max_header_bytes) {
    return malformed(fmt::format("its header claims {} bytes, more than {}", header_bytes, max_header_bytes));
  }
  if (header_bytes > size - header_begin) {
    return malformed(
        fmt::format("its header claims {} bytes, but the file ends after {}", header_bytes, size - header_begin));
  }
  std::string text(static_cast<size_t>(header_bytes), '\0');
  ATTUNE_CHECK(source.read(header_begin, text.data(), header_bytes));
  ATTUNE_TRY(const Header header, HeaderParser(text).parse());
  return Opened{*header.descr, *header.fortran_order, *header.shape, header_begin + header_bytes};
}

Result<Array> read_data(const ByteSource& source, const Opened& opened, DType dtype) {
  ATTUNE_TRY(const int64_t count, element_count(opened.shape, size_bytes(dtype)));
  if (opened.fortran_order && opened.shape.size() > 1) {
    return Error(Status::invalid_argument,
                 "fortran_order: the array is stored column by column; save numpy.ascontiguousarray(array) instead");
  }
  const int64_t data_bytes = count * size_bytes(dtype), there = source.size_bytes() - opened.data_begin;
  if (data_bytes != there) {
    return malformed(
        fmt::format("shape {} needs {} bytes of data, but the file holds {}", shape_text(opened.shape), data_bytes, there));
  }
  ATTUNE_TRY(auto array, Array::allocate(dtype, opened.shape));
  ATTUNE_CHECK(source.read(opened.data_begin, array.data(), data_bytes));
  return array;
}

}  // namespace

Result<Array> read_npy(const ByteSource& source) {
  ATTUNE_TRY(const Opened opened, open_npy(source));
  ATTUNE_TRY(const DType dtype, dtype_of(opened.descr));
  return read_data(source, opened, dtype);
}

Result<Codes> read_npy_codes(const ByteSource& source) {
  ATTUNE_TRY(const Opened opened, open_npy(source));
  const std::string& descr = opened.descr;
  Codes codes;
  if (descr == "|i1" || descr == "<i1") {
    codes.type = CodeType::int8;
  } else if (descr == "|u1" || descr == "<u1") {
    codes.type = CodeType::uint8;
  } else {
    return Error(Status::invalid_argument,
                 fmt::format("dtype: '{}' holds no codes; save int8 as it is, and int4 in pairs or e4m3 as "
                             "array.view(numpy.uint8)",
                             printable(descr)));
  }
  ATTUNE_TRY(codes.bytes, read_data(source, opened, DType::boolean));
  return codes;
}

Result<std::string> npy_bytes(const Array& array) {
  const char* descr = descr_of(array.dtype());
  if (descr == nullptr) {
    return Error(Status::unsupported, ".npy cannot store bf16; give the output a name that ends in .safetensors");
  }
  std::string shape;
  for (int64_t extent : array.shape()) shape += fmt::format("{}, ", extent);
  if (array.rank() > 1) shape.resize(shape.size() - 2);
  if (array.rank() == 1) shape.pop_back();
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  const size_t unpadded = 10 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ');
  header += '\n';

  std::string bytes(magic);
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(array.data()), static_cast<size_t>(array.bytes()));
  return bytes;
}

}  // namespace attune::cli
