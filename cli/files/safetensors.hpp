// .safetensors files: an 8-byte header length, a JSON header, and the tensors' bytes without gaps.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/files/array.hpp"
#include "cli/files/byte_source.hpp"
#include "cli/files/codes.hpp"
#include "common/result.hpp"

namespace attune::cli {

// The named tensor: F32, F16, BF16, BOOL, I32 or I64. The whole header is checked first, as the format demands: unique
// names, offsets inside the file that cover it without gap or overlap, sizes that match shapes. invalid_argument otherwise;
// not_found names the tensors there are.
Result<Array> read_safetensors(const ByteSource& source, std::string_view tensor);

// The same of I8, U8 and F8_E4M3, and nothing else.
Result<Codes> read_safetensors_codes(const ByteSource& source, std::string_view tensor);

std::string safetensors_bytes(const std::vector<std::pair<std::string, const Array*>>& tensors);

}  // namespace attune::cli
