#include "generator/families/forward_cpu/prepared.hpp"

#include <array>
#include <type_traits>

#include "common/arithmetic.hpp"
#include "generator/families/forward_cpu/arguments.hpp"
#include "generator/families/forward_cpu/shape.hpp"

namespace attune::forward_cpu {

Prepared::Prepared(const Shape& shape, const Problem& problem) {
  const bool packed_kv = problem.varlen && !problem.paged();
  const int64_t q_pad = shape.tiles.block_q, kv_pad = shape.kv_pad;
  q_rows = problem.varlen ? (problem.total_q / q_pad + problem.batch) * q_pad : round_up(problem.seqlen_q, q_pad);
  kv_rows = packed_kv ? (problem.total_kv / kv_pad + problem.batch) * kv_pad : round_up(problem.seqlen_kv, kv_pad);
  const int64_t q_all = (problem.varlen ? 1 : problem.batch) * problem.heads_q * q_rows;
  const int64_t kv_all = (packed_kv ? 1 : problem.batch) * problem.heads_kv * kv_rows;
  const int64_t heads = problem.batch * problem.heads_kv;
  const bool coded = shape.coded_qk, q_mean = shape.request.q_smoothing != QSmoothing::none;
  delta_stride = q_mean ? round_up(problem.seqlen_kv, kv_pad) : 0;
  const int64_t q_blocks = q_all / q_pad;
  const int64_t d_row = shape.d_vectors * shape.lanes * 4, v_row = shape.v_row_bytes();
  const std::array<int64_t, parts> sizes = {
      q_all * shape.q_row_bytes(),
      coded ? q_all * meta_slots * 4 : 0,
      q_mean ? q_blocks * d_row : 0,
      q_blocks * delta_stride * 4,
      kv_all * shape.k_words * 4,
      coded ? kv_all * 4 : 0,
      shape.qk_form == Form::i8_quads ? kv_all * 4 : 0,
      heads * d_row,
      heads * max_sink_keys * 8,
      kv_all / elements_of(shape.pv_form) * v_row,
      heads * v_row,
      heads * v_row,
      kv_all * shape.v_vectors * 2,
      heads * 8,
  };
  for (size_t part = 0; part < sizes.size(); ++part) {
    at_[part] = sizes[part] == 0 ? -1 : bytes;
    bytes += round_up(sizes[part], 64);
  }
}

void Prepared::bind(void* workspace, Arguments& arguments) const {
  int part = 0;
  const auto set = [&](auto*& pointer) {
    const int64_t at = at_[part++];
    using Pointer = std::remove_reference_t<decltype(pointer)>;
    pointer = at < 0 ? nullptr : reinterpret_cast<Pointer>(static_cast<std::byte*>(workspace) + at);
  };
  set(arguments.q_codes);
  set(arguments.q_meta);
  set(arguments.q_means);
  set(arguments.delta_s);
  set(arguments.k_codes);
  set(arguments.k_scales);
  set(arguments.k_offsets);
  set(arguments.k_means);
  set(arguments.sink_keys);
  set(arguments.v_codes);
  set(arguments.v_scales);
  set(arguments.v_means);
  set(arguments.v_poison);
  set(arguments.v_flags);
  arguments.q_rows = q_rows;
  arguments.kv_rows = kv_rows;
  arguments.delta_stride = delta_stride * 4;
}

}  // namespace attune::forward_cpu
