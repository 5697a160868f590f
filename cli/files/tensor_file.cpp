// Chooses the reader or writer by the file's ending.
#include "cli/files/tensor_file.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/files/byte_source.hpp"
#include "cli/files/npy.hpp"
#include "cli/files/safetensors.hpp"
#include "common/files.hpp"

namespace attune::cli {
namespace {

constexpr std::string_view npy_ending = ".npy";
constexpr std::string_view safetensors_ending = ".safetensors";

struct Location {
  std::string path, tensor;
};

Location split(const std::string& location, std::string_view role) {
  const size_t at = location.rfind(std::string(safetensors_ending) + ":");
  if (at == std::string::npos) return {location, std::string(role)};
  const size_t colon = at + safetensors_ending.size();
  return {location.substr(0, colon), location.substr(colon + 1)};
}

Error unknown_ending(const std::string& path) {
  return {Status::invalid_argument, fmt::format("{}: the name must end in .npy or .safetensors", path)};
}

template <class Loaded>
Result<Loaded> load(const Location& location, Result<Loaded> (*from_npy)(const ByteSource&),
                    Result<Loaded> (*from_safetensors)(const ByteSource&, std::string_view)) {
  const bool npy = location.path.ends_with(npy_ending);
  if (!npy && !location.path.ends_with(safetensors_ending)) return unknown_ending(location.path);
  ATTUNE_TRY(const auto source, open_file(location.path));
  auto loaded = npy ? from_npy(*source) : from_safetensors(*source, location.tensor);
  if (!loaded) return loaded.error().within(location.path);
  return loaded;
}

}  // namespace

Result<Array> load_tensor(const std::string& location, std::string_view role) {
  auto array = load(split(location, role), read_npy, read_safetensors);
  if (!array) return array.error().within(role);
  return array;
}

Result<Codes> load_codes(const std::string& location, std::string_view role) {
  auto codes = load(split(location, role), read_npy_codes, read_safetensors_codes);
  if (!codes) return codes.error().within(role);
  return codes;
}

Result<void> check_output_name(const std::string& path, std::string_view role, DType dtype) {
  if (!path.ends_with(npy_ending) && !path.ends_with(safetensors_ending)) return unknown_ending(path).within(role);
  if (path.ends_with(npy_ending) && dtype == DType::bf16) {
    return Error(Status::invalid_argument,
                 fmt::format("{}: {}: .npy cannot store bf16; give a name that ends in .safetensors", role, path));
  }
  const std::filesystem::path directory = std::filesystem::absolute(path).parent_path();
  if (!is_writable_directory(directory)) {
    return Error(Status::io_error,
                 fmt::format("{}: {} is not a writable directory; create it or choose another", role, directory.string()));
  }
  return {};
}

Result<void> save_tensors(const std::string& path, const std::vector<std::pair<std::string, const Array*>>& tensors) {
  if (path.ends_with(safetensors_ending)) return write_file_atomically(path, safetensors_bytes(tensors));
  if (!path.ends_with(npy_ending)) return unknown_ending(path);
  if (tensors.size() != 1) {
    return Error(
        Status::invalid_argument,
        fmt::format("{}: a .npy file holds one tensor, not {}; use .safetensors or two names", path, tensors.size()));
  }
  ATTUNE_TRY(const std::string bytes, npy_bytes(*tensors.front().second));
  return write_file_atomically(path, bytes);
}

}  // namespace attune::cli
