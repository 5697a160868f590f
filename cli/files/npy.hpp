// NumPy's .npy files, versions 1.0, 2.0 and 3.0: little-endian, C order, of the types attention takes.
#pragma once

#include <string>
#include <string_view>

#include "cli/files/array.hpp"
#include "cli/files/byte_source.hpp"
#include "cli/files/codes.hpp"
#include "common/result.hpp"

namespace attune::cli {

// float16, float32, bool, int32, int64. Anything else (float64, big-endian, Fortran order, structured types, a header that
// lies about its length) is refused with invalid_argument: a sentence that says how to save the array instead.
Result<Array> read_npy(const ByteSource& source);

// int8 and uint8, and nothing else: what read_npy() refuses.
Result<Codes> read_npy_codes(const ByteSource& source);

// Version 1.0, data 64-byte aligned. unsupported for bf16, which .npy cannot name: use .safetensors.
Result<std::string> npy_bytes(const Array& array);

}  // namespace attune::cli
