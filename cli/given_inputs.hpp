// Operands of `attune run` that are given as codes: their files, and the shapes that given_operands.hpp asks of them.
#pragma once

#include <string>
#include <string_view>

#include "cli/attention_inputs.hpp"
#include "cli/files/array.hpp"
#include "common/result.hpp"
#include "generator/quantization.hpp"

namespace attune::cli {

// Whether the files of scales are those that the request needs, and --dtype where nothing else says what O is.
Result<void> check_given_options(const AttentionRequest& request, const Quantization& given);

// The codes of --q or --k (role) and of --v, as bytes, in a type that holds codes of the format.
Result<Array> load_qk_codes(const std::string& location, std::string_view role, QkOperand format);
Result<Array> load_v_codes(const std::string& location, PvOperand format);

// Of a problem that has all its extents but head_dim_v of a V that is given: reads the scales, checks what was given against
// the extents, and sets head_dim_v.
Result<void> read_given(const AttentionRequest& request, const Quantization& given, AttentionInputs& inputs);

}  // namespace attune::cli
