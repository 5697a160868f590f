#include "generator/support.hpp"

#include <algorithm>
#include <array>

namespace attune {
namespace {

constexpr std::array dtypes = {DType::f32, DType::f16, DType::bf16};

bool contains(const std::vector<DType>& list, DType dtype) {
  return std::find(list.begin(), list.end(), dtype) != list.end();
}

// `usual`: the dtypes in which the family does plain attention.
SupportCell ask(const Family& family, const SupportFeature& feature, const DeviceClass& device,
                const std::vector<DType>& usual) {
  SupportCell cell;
  bool about_feature = false;  // the reason is not merely about the dtype
  for (const DType dtype : dtypes) {
    const Result<void> answer = family.supports(representative(feature, dtype), device);
    if (answer.ok()) {
      cell.dtypes.push_back(dtype);
    } else if (cell.reason.empty() || (!about_feature && contains(usual, dtype))) {
      cell.reason = answer.error().message();
      about_feature = contains(usual, dtype);
    }
  }
  return cell;
}

}  // namespace

const std::vector<SupportFeature>& support_features() {
  static const std::vector<SupportFeature> all = {
      {"dense", "every query sees every key", [](Problem&) {}},
      {"head_dim 128", "", [](Problem& p) { p.head_dim_qk = p.head_dim_v = 128; }},
      {"head_dim 256", "", [](Problem& p) { p.head_dim_qk = p.head_dim_v = 256; }},
      {"head_dim 512", "", [](Problem& p) { p.head_dim_qk = p.head_dim_v = 512; }},
      {"head_dim 72", "a multiple of 8", [](Problem& p) { p.head_dim_qk = p.head_dim_v = 72; }},
      {"head_dim 59", "no multiple of anything", [](Problem& p) { p.head_dim_qk = p.head_dim_v = 59; }},
      {"head_dim 192/128", "another for V", [](Problem& p) { p.head_dim_qk = 192, p.head_dim_v = 128; }},
      {"head_dim 576/512", "absorbed MLA", [](Problem& p) { p.head_dim_qk = 576, p.head_dim_v = 512; }},
      {"MQA", "one KV head", [](Problem& p) { p.heads_kv = 1; }},
      {"decode", "one query", [](Problem& p) { p.seqlen_q = 1; }},
      {"bshd", "the other layout; any strides", [](Problem& p) { p.layout = Layout::bshd; }},
      {"scale", "any softmax scale, negative ones too", [](Problem& p) { p.softmax_scale = -0.5F; }},
      {"causal, top left", "", [](Problem& p) { p.causal = true; }},
      {"causal, bottom right", "", [](Problem& p) { p.causal = true, p.alignment = Alignment::bottom_right; }},
      {"sliding window", "bounds on both sides", [](Problem& p) { p.window_left = 128, p.window_right = 16; }},
      {"softcap", "", [](Problem& p) { p.softcap = 30; }},
      {"ALiBi", "", [](Problem& p) { p.alibi = true; }},
      {"sinks", "a logit per head in the denominator", [](Problem& p) { p.sinks = true; }},
      {"boolean mask", "", [](Problem& p) { p.mask = {MaskKind::boolean, DType::boolean, 1, 8, 512, 1024}; }},
      {"additive mask", "fp32, broadcast over batch",
       [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 8, 512, 1024}; }},
      {"short mask", "fewer columns than keys", [](Problem& p) { p.mask = {MaskKind::additive, DType::f16, 1, 1, 1, 600}; }},
      {"kv_lengths", "keys per batch element", [](Problem& p) { p.kv_lengths = true; }},
      {"varlen", "packed sequences", [](Problem& p) { p.varlen = true, p.total_q = 700, p.total_kv = 1500; }},
      {"paged K and V", "", [](Problem& p) { p.page_size = 16, p.page_count = 200; }},
      {"paged, packed queries", "",
       [](Problem& p) {
         p.varlen = p.kv_lengths = true;
         p.total_q = 700;
         p.page_size = 16;
         p.page_count = 200;
       }},
      {"block lists, padded", "full blocks",
       [](Problem& p) { p.sparsity = {SparsityKind::padded_lists, 64, 64, true, false, 1, 8, 16}; }},
      {"block lists, CSR", "full and partial blocks",
       [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, 64, true, true, 2, 2, 0}; }},
      {"block lists, odd blocks", "48 queries x 100 keys",
       [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 48, 100, false, true, 1, 1, 0}; }},
      {"LSE", "", [](Problem& p) { p.want_lse = true; }},
      {"sage1", "int8 Q and K, fp16 P V", [](Problem& p) { p.quantization = "sage1"; }},
      {"sage2-8b", "int8 Q and K, fp8 P V", [](Problem& p) { p.quantization = "sage2-8b"; }},
      {"sage2-4b", "int4 Q and K, fp8 P V", [](Problem& p) { p.quantization = "sage2-4b"; }},
      {"sage2++", "sage2-8b with fp16 sums", [](Problem& p) { p.quantization = "sage2++"; }},
      {"int8 Q and K", "P V in the tensors' type", [](Problem& p) { p.quantization = "int8,k-mean"; }},
      {"int4 Q and K", "the same", [](Problem& p) { p.quantization = "int4,k-mean,q-mean"; }},
      {"fp8 Q and K", "the same", [](Problem& p) { p.quantization = "e4m3,k-mean"; }},
      {"int8 P V", "int8 Q and K, too", [](Problem& p) { p.quantization = "int8,k-mean,pv-int8"; }},
      {"codes given", "Q, K and V quantized elsewhere", [](Problem& p) { p.quantization = "int8,pv-int8,given-qkv"; }},
      {"codes given in pages", "pages of whole blocks of 64 keys",
       [](Problem& p) {
         p.quantization = "int8,pv-int8,given-qkv";
         p.page_size = 64;
         p.page_count = 40;
       }},
      {"K sinks apart", "sink keys scored in fp32", [](Problem& p) { p.quantization = "int8,k-sink"; }},
  };
  return all;
}

Problem representative(const SupportFeature& feature, DType dtype) {
  Problem problem;
  problem.batch = 2;
  problem.heads_q = 8;
  problem.heads_kv = 2;
  problem.seqlen_q = 512;
  problem.seqlen_kv = 1024;
  problem.dtype = dtype;
  feature.ask(problem);
  return problem;
}

std::vector<SupportColumn> support_matrix(std::span<const DeviceClass> devices) {
  std::vector<SupportColumn> columns;
  for (const Family* family : families()) {
    const size_t first = columns.size();
    for (const DeviceClass& device : devices) {
      std::vector<SupportCell> cells;
      for (const SupportFeature& feature : support_features()) {
        cells.push_back(ask(*family, feature, device, cells.empty() ? std::vector<DType>{} : cells.front().dtypes));
      }
      const bool serves = std::any_of(cells.begin(), cells.end(), [](const SupportCell& c) { return !c.dtypes.empty(); });
      if (!serves) continue;
      const auto alike = std::find_if(columns.begin() + static_cast<std::ptrdiff_t>(first), columns.end(),
                                      [&](const SupportColumn& column) { return column.cells == cells; });
      if (alike == columns.end()) {
        columns.push_back({family, {device.arch}, std::move(cells)});
      } else {
        alike->archs.push_back(device.arch);
      }
    }
  }
  return columns;
}

std::span<const std::string_view> emulated_in_tests() {
  static constexpr std::array<std::string_view, 4> archs = {"sm_80", "sm_89", "sm_90a", "sm_120a"};
  return archs;
}

}  // namespace attune
