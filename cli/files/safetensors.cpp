// The header is checked as a whole before any tensor is read: a file that lies about one tensor is not trusted for another.
#include "cli/files/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace attune::cli {
namespace {

using nlohmann::json;

constexpr int64_t max_header_bytes = 100'000'000;  // the format's own limit

Error malformed(std::string_view what) {
  return {Status::invalid_argument,
          fmt::format("not a valid .safetensors file: {}; save it again with safetensors.save_file", what)};
}

struct Entry {
  std::string name, dtype;
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;
};

std::string printable(const std::string& text) {
  std::string out;
  for (char c : text.substr(0, 60)) out += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  return out;
}

std::optional<DType> dtype_of(const std::string& name) {
  if (name == "F32") return DType::f32;
  if (name == "F16") return DType::f16;
  if (name == "BF16") return DType::bf16;
  if (name == "BOOL") return DType::boolean;
  if (name == "I32") return DType::i32;
  if (name == "I64") return DType::i64;
  return std::nullopt;
}

const char* dtype_text(DType dtype) {
  switch (dtype) {
    case DType::f32: return "F32";
    case DType::f16: return "F16";
    case DType::bf16: return "BF16";
    case DType::boolean: return "BOOL";
    case DType::i32: return "I32";
    case DType::i64: return "I64";
  }
  return "";
}

// A whole number that fits int64, also when the JSON library stores it unsigned.
std::optional<int64_t> whole(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  return std::nullopt;
}

// Whether the elements, of `size` bytes each, are what the offsets span.
Result<void> check_bytes(const Entry& entry, int64_t size) {
  const std::string shown = printable(entry.name);
  const auto count = element_count(entry.shape, size);
  if (!count) return count.error().within(fmt::format("tensor '{}'", shown));
  if (*count * size != entry.end - entry.begin) {
    return malformed(fmt::format("tensor '{}' of shape {} needs {} bytes, but its data_offsets span {}", shown,
                                 shape_text(entry.shape), *count * size, entry.end - entry.begin));
  }
  return {};
}

Result<Entry> entry_of(const std::string& name, const json& value) {
  const std::string shown = printable(name);
  if (!value.is_object()) return malformed(fmt::format("the entry of tensor '{}' is not an object", shown));
  const auto dtype = value.find("dtype");
  const auto shape = value.find("shape");
  const auto offsets = value.find("data_offsets");
  if (dtype == value.end() || shape == value.end() || offsets == value.end() || value.size() != 3) {
    return malformed(fmt::format("tensor '{}' must have exactly dtype, shape and data_offsets", shown));
  }
  if (!dtype->is_string()) return malformed(fmt::format("dtype of tensor '{}' is not a word", shown));
  if (!shape->is_array()) return malformed(fmt::format("shape of tensor '{}' is not a list", shown));
  if (!offsets->is_array() || offsets->size() != 2 || !whole((*offsets)[0]) || !whole((*offsets)[1])) {
    return malformed(fmt::format("data_offsets of tensor '{}' are not two whole numbers", shown));
  }
  Entry entry;
  entry.name = name;
  entry.dtype = dtype->get<std::string>();
  for (const json& extent : *shape) {
    const auto number = whole(extent);
    if (!number) return malformed(fmt::format("an extent of tensor '{}' is not a whole number below 2^63", shown));
    entry.shape.push_back(*number);
  }
  entry.begin = *whole((*offsets)[0]);
  entry.end = *whole((*offsets)[1]);
  if (entry.end < entry.begin) return malformed(fmt::format("data_offsets of tensor '{}' run backwards", shown));
  if (const auto known = dtype_of(entry.dtype)) ATTUNE_CHECK(check_bytes(entry, size_bytes(*known)));
  return entry;
}

// Parses with duplicate names refused: the JSON library alone would silently keep the last.
Result<json> parse_header(const std::string& text) {
  std::set<std::string> names;
  std::string duplicate;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
    }
    return true;
  };
  json header = json::parse(text, watch, /*allow_exceptions=*/false);
  if (header.is_discarded() || !header.is_object()) return malformed("its header is not a JSON object");
  if (!duplicate.empty()) return malformed(fmt::format("tensor '{}' is there twice", printable(duplicate)));
  return header;
}

Result<std::vector<Entry>> entries_of(const json& header, int64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    ATTUNE_TRY(auto entry, entry_of(name, value));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  int64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != position) {
      return malformed(fmt::format("tensor '{}' starts at byte {}, but the bytes before it end at {}", printable(entry.name),
                                   entry.begin, position));
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    return malformed(fmt::format("its tensors need {} bytes, but the file holds {}", position, data_bytes));
  }
  return entries;
}

Error no_such_tensor(std::string_view wanted, const std::vector<Entry>& entries) {
  std::string names;
  for (const Entry& entry : entries) {
    if (names.size() > 200) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "" : ", ") + printable(entry.name);
  }
  return {Status::invalid_argument, fmt::format("it has no tensor '{}' but: {}; name one as FILE.safetensors:NAME", wanted,
                                                names.empty() ? "none" : names)};
}

Result<Entry> find_entry(const ByteSource& source, std::string_view tensor) {
  const int64_t size = source.size_bytes();
  if (size < 8) return malformed(fmt::format("it is {} bytes long, shorter than any header", size));
  unsigned char prefix[8] = {};
  ATTUNE_CHECK(source.read(0, prefix, 8));
  uint64_t claimed = 0;
  for (int i = 7; i >= 0; --i) claimed = claimed << 8 | prefix[i];
  if (claimed > static_cast<uint64_t>(max_header_bytes) || static_cast<int64_t>(claimed) > size - 8) {
    return malformed(
        fmt::format("its header claims {} bytes, but the file holds {} after the length (at most {} are allowed)", claimed,
                    size - 8, max_header_bytes));
  }
  const auto header_bytes = static_cast<int64_t>(claimed);
  std::string text(static_cast<size_t>(header_bytes), '\0');
  ATTUNE_CHECK(source.read(8, text.data(), header_bytes));
  ATTUNE_TRY(const json header, parse_header(text));
  ATTUNE_TRY(const auto entries, entries_of(header, size - 8 - header_bytes));

  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == tensor; });
  if (found == entries.end()) return no_such_tensor(tensor, entries);
  Entry entry = *found;
  entry.begin += 8 + header_bytes;
  entry.end += 8 + header_bytes;
  return entry;
}

}  // namespace

Result<Array> read_safetensors(const ByteSource& source, std::string_view tensor) {
  ATTUNE_TRY(const Entry found, find_entry(source, tensor));
  const auto dtype = dtype_of(found.dtype);
  if (!dtype) {
    return Error(Status::invalid_argument,
                 fmt::format("dtype: tensor '{}' is {}; save it as F32, F16, BF16, BOOL, I32 or I64 instead",
                             printable(found.name), printable(found.dtype)));
  }
  ATTUNE_TRY(auto array, Array::allocate(*dtype, found.shape));
  ATTUNE_CHECK(source.read(found.begin, array.data(), array.bytes()));
  return array;
}

Result<Codes> read_safetensors_codes(const ByteSource& source, std::string_view tensor) {
  ATTUNE_TRY(const Entry found, find_entry(source, tensor));
  Codes codes;
  if (found.dtype == "I8") {
    codes.type = CodeType::int8;
  } else if (found.dtype == "U8") {
    codes.type = CodeType::uint8;
  } else if (found.dtype == "F8_E4M3") {
    codes.type = CodeType::e4m3;
  } else {
    return Error(Status::invalid_argument,
                 fmt::format("dtype: tensor '{}' is {}, which holds no codes; save it as I8, U8 or "
                             "F8_E4M3 instead",
                             printable(found.name), printable(found.dtype)));
  }
  ATTUNE_CHECK(check_bytes(found, 1));
  ATTUNE_TRY(codes.bytes, Array::allocate(DType::boolean, found.shape));
  ATTUNE_CHECK(source.read(found.begin, codes.bytes.data(), codes.bytes.bytes()));
  return codes;
}

std::string safetensors_bytes(const std::vector<std::pair<std::string, const Array*>>& tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  int64_t position = 0;
  for (const auto& [name, array] : tensors) {
    header[name] = {{"dtype", dtype_text(array->dtype())},
                    {"shape", array->shape()},
                    {"data_offsets", {position, position + array->bytes()}}};
    position += array->bytes();
  }
  std::string text = header.dump();
  text.append((64 - (8 + text.size()) % 64) % 64, ' ');  // the data starts aligned, so it can be mapped
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
  bytes += text;
  for (const auto& [name, array] : tensors) {
    bytes.append(reinterpret_cast<const char*>(array->data()), static_cast<size_t>(array->bytes()));
  }
  return bytes;
}

}  // namespace attune::cli
