// The shape grammar: how a person writes a problem on the command line or in a shapes file.
//
//   shape   = "(" words ")" | words            words are separated by spaces or commas
//   word    = size | flag | flag "(" values ")" | flag "=" value
//   size    = "B" n                            batch (default 1)
//           | "H" n [ "/" n ]                  query heads / KV heads (default: the same)
//           | "S" n [ "x" n ]                  queries x keys (default: the same)
//           | "D" n [ "/" n ]                  head dim of Q and K / of V (default: the same)
//           | the same without the letter, in the order B, H, S, D; three of them are H, S, D with B1
//   flag    = fp32 | fp16 | bf16 | bhsd | bshd | top_left | bottom_right
//           | causal [ (top_left | bottom_right) ] | window(LEFT,RIGHT) | scale(X) | softcap(X) | sinks | alibi
//           | mask(bool|fp32|fp16|bf16 [BxHxQxK]) | kv_lengths | varlen(TOTAL_Q,TOTAL_KV) | paged(PAGE_SIZE,PAGE_COUNT)
//           | lse | quantization(NAME)
//           | padded_lists(QxK full|partial|full+partial BxH max N) | csr_lists(QxK full|partial|full+partial BxH)
//
// Everything to_text(Problem) prints is in the grammar. "B1 H32/8 S2048x2048 D128 bf16 causal" and
// "(1,32/8,2048,128,bf16,causal)" are the same problem.
#pragma once

#include <string_view>

#include "common/result.hpp"
#include "generator/problem.hpp"

namespace attune::cli {

// A well-formed problem, or invalid_argument that names the word that was not understood.
Result<Problem> parse_shape(std::string_view text);

}  // namespace attune::cli
