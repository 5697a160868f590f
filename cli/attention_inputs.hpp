// From the files and flags of `attune run` to a problem and its tensors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/files/array.hpp"
#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"

namespace attune::cli {

struct AttentionRequest {
  // Tensor files; empty: not given.
  std::string q, k, v, mask, kv_lengths, sinks, alibi, cu_seqlens_q, cu_seqlens_kv, page_table;
  std::string q_scales, k_scales, v_scales;
  std::string causal;  // "", "top-left", "bottom-right"
  std::string window;  // "", "LEFT,RIGHT"
  std::string layout = "bhsd";
  std::string quantization = "none";
  std::string dtype;  // of O, where no tensor says it
  std::optional<double> scale, softcap;
  bool want_lse = false;
};

struct AttentionInputs {
  Problem problem;
  Array q, k, v;                                              // or codes: bytes
  Array q_scales, k_scales, v_scales;                         // empty when no codes are given
  Array mask, sinks, alibi;                                   // empty (count 0) when absent
  Array kv_lengths, cu_seqlens_q, cu_seqlens_kv, page_table;  // int32, whatever the file held
  std::vector<std::string> notes;                             // what a user should know about the data: non-finite values
};

// Reads and checks everything: types, ranks, extents, lengths. Every error names the option and what would be right.
Result<AttentionInputs> read_inputs(const AttentionRequest& request);

// Output arrays of the shapes the problem asks for, filled with NaN so that a row no kernel writes is seen.
Result<Array> make_output(const Problem& problem);
Result<Array> make_lse(const Problem& problem);

// Where each tensor lies: host arrays, or their copies on a device.
struct Placement {
  void* q = nullptr;
  void* k = nullptr;
  void* v = nullptr;
  void* o = nullptr;
  void* lse = nullptr;
  void* mask = nullptr;
  void* sinks = nullptr;
  void* alibi = nullptr;
  void* kv_lengths = nullptr;
  void* cu_seqlens_q = nullptr;
  void* cu_seqlens_kv = nullptr;
  void* page_table = nullptr;
  void* q_scales = nullptr;
  void* k_scales = nullptr;
  void* v_scales = nullptr;
};
Tensors tensors_at(const AttentionInputs& inputs, const Placement& placement);

}  // namespace attune::cli
