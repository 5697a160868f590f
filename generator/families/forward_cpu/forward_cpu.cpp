#include "generator/families/forward_cpu/forward_cpu.hpp"

#include <fmt/format.h>

#include <cstring>

#include "common/arithmetic.hpp"
#include "generator/families/attention_spec.hpp"
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/given_operands.hpp"

namespace attune::forward_cpu {
namespace {

// Codes that stand in q, k and v in place of elements.
void bind_given(const Problem& problem, const Quantization& request, const Tensors& tensors, Arguments& a) {
  const PaddedRows rows(problem, request.granularity);
  if (request.given_qk()) {
    const auto strides = [&](const TensorView& view, int64_t& batch, int64_t& head, int64_t& seq) {
      const int64_t bits = code_bits(request.qk);
      batch = problem.varlen ? 0 : view.stride_batch * bits / 8;
      head = view.stride_head * bits / 8;
      seq = view.stride_seq * bits / 8;
    };
    strides(tensors.q, a.q_stride_batch, a.q_stride_head, a.q_stride_seq);
    strides(tensors.k, a.k_stride_batch, a.k_stride_head, a.k_stride_seq);
    a.given_q_scales = tensors.q_scales;
    a.given_k_scales = tensors.k_scales;
    a.given_q_groups = rows.q_groups;
    a.given_k_groups = rows.k_groups;
  }
  if (request.given_v()) {
    a.given_v_scales = tensors.v_scales;
    a.given_kv_rows = rows.kv_rows;
  }
}

}  // namespace

Result<void> ForwardCpu::supports(const Problem& problem, const DeviceClass& device) const {
  auto no = [](std::string text) { return Error(Status::unsupported, std::move(text)); };
  if (device.kind != "cpu") return no("forward_cpu runs on the device `cpu` only. Choose `--device cpu`.");
  if (problem.quantization != "none") {
    const auto request = parse_quantization(problem.quantization);
    if (!request.ok()) return request.error();
    if (request->automatic) {
      return no("quantization `sage` names no kernel: it is a choice among others. Use `sage1`, or another preset.");
    }
    ATTUNE_CHECK(validate_given(problem, *request));
  }
  if (problem.dtype != DType::f32 && problem.dtype != DType::f16 && problem.dtype != DType::bf16) {
    return no(fmt::format("dtype {} is not an attention type. Use fp32, fp16 or bf16.", attune::name(problem.dtype)));
  }
  return {};
}

Spec ForwardCpu::spec(const Problem& problem, const DeviceClass& device) const {
  Spec spec(std::string(name()), version(), device.arch);
  set_attention_features(problem, spec);
  spec.set("positive_scale", problem.scale() > 0 ? 1 : 0);
  // Absent rather than 0, so that measurements from before pages still count.
  if (problem.paged()) spec.set("paged", 1);
  if (problem.quantization != "none") spec.set("quantization", problem.quantization);
  return spec;
}

std::string ForwardCpu::shape_bucket(const Problem& problem) const { return attention_bucket(problem, problem.heads_kv); }

Result<Source> ForwardCpu::emit(const Spec& spec, const Config& config) const {
  const Shape shape(spec, config);
  Emitter emitter(shape, "attune_forward_cpu");
  Source source;
  source.kind = SourceKind::llvm_ir;
  source.text = fmt::format(
      "; Attune forward_cpu version {}: attention forward on the host.\n; arch: {}\n; spec: {}\n; config: {}\n{}", version(),
      spec.arch(), spec.to_text(), config.to_text(), emitter.emit());
  source.target_cpu = shape.target.cpu;
  source.target_features = shape.target.features;
  if (shape.qk_form == Form::i8_quads || shape.pv_form == Form::i8_quads) {
    source.target_features += shape.target.avx512 ? ",+avx512vnni" : "+avxvnni";
  }
  if (shape.quantized) source.entries.emplace_back("attune_prepare_kv");
  if (shape.coded_qk) source.entries.emplace_back("attune_prepare_q");
  source.entries.emplace_back("attune_forward");
  if (shape.splits > 1) source.entries.emplace_back("attune_combine");
  return source;
}

std::vector<Launch> ForwardCpu::launches(const Problem& problem, const Config& config, const DeviceClass& device) const {
  const Shape shape(spec(problem, device), config);
  const int64_t heads = shape.pack_gqa ? problem.heads_kv : problem.heads_q;
  const int64_t rows = problem.seqlen_q * (shape.pack_gqa ? problem.group() : 1);
  int64_t row_blocks = ceil_div(rows, shape.block_m);
  if (shape.sparsity != SparsityKind::none) {
    row_blocks = ceil_div(problem.seqlen_q, problem.sparsity.block_q) * ceil_div(problem.sparsity.block_q, shape.block_m);
  }
  std::vector<Launch> launches;
  if (shape.quantized) {
    Launch prepare;
    prepare.entry = "attune_prepare_kv";
    prepare.grid = {problem.batch * problem.heads_kv, 1, 1};
    prepare.scratch_bytes = shape.preparing_bytes;
    launches.push_back(prepare);
    prepare.entry = "attune_prepare_q";
    prepare.grid = {problem.batch * problem.heads_q, 1, 1};
    if (shape.coded_qk) launches.push_back(prepare);
  }
  Launch forward;
  forward.entry = "attune_forward";
  forward.grid = {problem.batch * heads * row_blocks * shape.splits, 1, 1};
  forward.scratch_bytes = shape.scratch_bytes;
  forward.grain = config.at("grain");
  launches.push_back(forward);
  if (shape.splits > 1) {
    Launch combine;
    combine.entry = "attune_combine";
    combine.grid = {problem.batch * problem.heads_q * problem.seqlen_q, 1, 1};
    combine.grain = 16;
    launches.push_back(combine);
  }
  return launches;
}

int64_t ForwardCpu::workspace_bytes(const Problem& problem, const Config& config, const DeviceClass& device) const {
  const Shape shape(spec(problem, device), config);
  const int64_t prepared = shape.quantized ? Prepared(shape, problem).bytes : 0;
  if (shape.splits == 1) return prepared;
  return prepared + problem.batch * problem.heads_q * problem.seqlen_q * shape.splits * shape.partial_row_floats() * 4;
}

QuantizedSchedule ForwardCpu::quantized_schedule(const Problem& problem, const Config& config,
                                                 const DeviceClass& device) const {
  const Shape shape(spec(problem, device), config);
  const bool fp32_p = shape.request.pv == PvOperand::input && !shape.half_sums && shape.pv_form == Form::f32;
  return {shape.tiles, shape.block_n, shape.block_m, shape.pack_gqa, shape.splits, fp32_p};
}

void ForwardCpu::bind(const Problem& problem, const Config& config, const DeviceClass& device, const Tensors& tensors,
                      void* workspace, ArgumentBlock& block) const {
  static_assert(sizeof(Arguments) <= ArgumentBlock::capacity_bytes);
  const int64_t element = size_bytes(problem.dtype);
  const int64_t block_m = config.at("block_m");
  Arguments a;
  a.q = tensors.q.data;
  a.k = tensors.k.data;
  a.v = tensors.v.data;
  a.o = tensors.o.data;
  a.lse = tensors.lse;
  a.mask = tensors.mask.data;
  a.sinks = tensors.sinks;
  a.alibi_slopes = tensors.alibi_slopes;
  a.cu_seqlens_q = tensors.cu_seqlens_q;
  a.cu_seqlens_kv = tensors.cu_seqlens_kv;
  a.kv_lengths = tensors.kv_lengths;
  a.full_counts = tensors.lists.full_counts;
  a.full_indices = tensors.lists.full_indices;
  a.partial_counts = tensors.lists.partial_counts;
  a.partial_indices = tensors.lists.partial_indices;
  a.full_row_ptr = tensors.lists.full_row_ptr;
  a.partial_row_ptr = tensors.lists.partial_row_ptr;
  a.partials = static_cast<float*>(workspace);
  a.heads_q = problem.heads_q;
  a.heads_kv = problem.heads_kv;
  a.seqlen_q = problem.seqlen_q;
  a.seqlen_kv = problem.seqlen_kv;
  a.splits = config.at("splits");
  auto strides = [&](const TensorView& view, bool packed, int64_t& batch, int64_t& head, int64_t& seq) {
    batch = packed ? 0 : view.stride_batch * element;  // packed sequences have no batch dimension
    head = view.stride_head * element;
    seq = view.stride_seq * element;
  };
  const bool packed_kv = problem.varlen && !problem.paged();
  strides(tensors.q, problem.varlen, a.q_stride_batch, a.q_stride_head, a.q_stride_seq);
  strides(tensors.k, packed_kv, a.k_stride_batch, a.k_stride_head, a.k_stride_seq);
  strides(tensors.v, packed_kv, a.v_stride_batch, a.v_stride_head, a.v_stride_seq);
  strides(tensors.o, problem.varlen, a.o_stride_batch, a.o_stride_head, a.o_stride_seq);
  a.lse_stride_batch = problem.varlen ? 0 : tensors.lse_stride_batch * 4;
  a.lse_stride_head = tensors.lse_stride_head * 4;
  const MaskRequest& mask = problem.mask;
  const int64_t mask_element = size_bytes(mask.dtype);
  a.mask_stride_batch = mask.batch > 1 ? tensors.mask.stride_batch * mask_element : 0;
  a.mask_stride_head = mask.heads > 1 ? tensors.mask.stride_head * mask_element : 0;
  a.mask_stride_q = mask.seqlen_q > 1 ? tensors.mask.stride_q * mask_element : 0;
  a.mask_seqlen_kv = mask.seqlen_kv;
  a.alibi_stride_batch = tensors.alibi_stride_batch;
  a.window_left = problem.window_left;
  a.window_right = problem.window_right;
  const SparsityRequest& sparsity = problem.sparsity;
  if (sparsity.kind == SparsityKind::none) {
    a.row_blocks = ceil_div(problem.seqlen_q * (config.at("pack_gqa") != 0 ? problem.group() : 1), block_m);
  } else {
    a.list_block_q = sparsity.block_q;
    a.list_block_kv = sparsity.block_kv;
    a.list_q_blocks = ceil_div(problem.seqlen_q, sparsity.block_q);
    a.list_max_blocks = sparsity.max_blocks;
    a.list_sub_blocks = ceil_div(sparsity.block_q, block_m);
    a.list_stride_batch = sparsity.batch > 1 ? sparsity.heads : 0;
    a.list_stride_head = sparsity.heads > 1 ? 1 : 0;
    a.list_head_divisor = problem.heads_q / sparsity.heads;
    a.row_blocks = a.list_q_blocks * a.list_sub_blocks;
  }
  a.scale = problem.scale();
  a.scale_log2 = a.scale * 1.4426950408889634;
  a.softcap = problem.softcap;
  a.page_table = tensors.page_table;
  a.page_table_stride = tensors.page_table_stride * 4;
  a.page_size = problem.page_size;
  if (problem.quantization != "none") {
    const Shape shape(spec(problem, device), config);
    const Prepared prepared(shape, problem);
    prepared.bind(workspace, a);
    bind_given(problem, shape.request, tensors, a);
    a.partials = reinterpret_cast<float*>(static_cast<std::byte*>(workspace) + prepared.bytes);
  }
  std::memcpy(block.bytes.data(), &a, sizeof a);
  block.used_bytes = sizeof a;
}

}  // namespace attune::forward_cpu
