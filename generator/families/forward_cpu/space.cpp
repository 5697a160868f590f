// The config space of forward_cpu, and the config it starts from when nothing has been measured.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "common/arithmetic.hpp"
#include "generator/families/forward_cpu/forward_cpu.hpp"
#include "generator/families/forward_cpu/shape.hpp"

namespace attune::forward_cpu {
namespace {

std::vector<Expression> parse_all(const std::vector<std::string_view>& texts) {
  std::vector<Expression> expressions;
  for (const std::string_view text : texts) {
    auto expression = Expression::parse(text);
    if (expression.ok()) expressions.push_back(*std::move(expression));
  }
  return expressions;
}

const std::vector<std::string_view> constraint_texts = {
    // Accumulators, one register per column of the other operand, and one broadcast must fit the register file.
    "k_pack == 0 || rows * qk_columns + qk_columns + 1 <= registers",
    "rows * pv_columns + pv_columns + 1 <= registers",
    "pv_columns <= v_vectors",
    // Without packed keys the dot products of `rows` queries and lanes / rows keys fold into one register.
    "k_pack == 1 || (rows <= lanes && lanes % rows == 0 && qk_columns == 1)",
    "k_pack == 0 || block_n % (qk_columns * lanes) == 0",
    "k_pack == 1 || block_n % lanes == 0",
    "block_m % rows == 0",
    // No block much larger than what there is to do.
    "block_m == rows || block_m < 2 * seqlen_q * (1 + pack_gqa * (group - 1))",
    "block_n <= least_block_n || block_n < 2 * seqlen_kv",
    "pack_gqa == 0 || (group > 1 && lists == 0)",
    "lists == 0 || block_m == rows || block_m <= list_block_q",
    "lists == 0 || block_n <= least_block_n || block_n < 2 * list_block_kv",
    "splits == 1 || (lists == 0 && splits * block_n <= 2 * seqlen_kv)",
    // Split keys cost a second pass over every row: only where rows alone cannot occupy the cores.
    "splits == 1 || batch * heads_kv * seqlen_q <= 64 * cores",
};

const std::vector<std::string_view> plain_constraint_texts = {
    // Packed keys, values, queries and sums of a work item stay within twice the second-level cache.
    "4 * (block_m * (q_row_words + o_row_words) + block_n * (k_pack * k_words + v_pack * o_row_words)) <= 2 * l2_bytes",
};

// Tiles hold whole flush intervals.
const std::vector<std::string_view> quantized_constraint_texts = {
    // The same, unless the flush interval wants more.
    "block_n <= flush_keys || 4 * (block_m * (q_row_words + o_row_words) + block_n * (k_words + o_row_words)) <= 2 * "
    "l2_bytes",
    "block_n % flush_keys == 0",
};

// Packing a block of keys costs about as much as 12 rows of work on it, and cores that wait for the last item cost the rest:
// the block size with the least of both.
int64_t balanced_block_m(const Space& space, int64_t rows, int64_t item_rows, int64_t items, int64_t cores) {
  int64_t best = rows;
  double best_cost = 0;
  for (const Tunable& tunable : space.tunables()) {
    if (tunable.name != "block_m") continue;
    for (const int64_t block_m : tunable.domain) {
      if (block_m % rows != 0 || block_m > 384) continue;
      const int64_t blocks = ceil_div(item_rows, block_m);
      const auto rounds = static_cast<double>(ceil_div(items * blocks, cores));
      const double imbalance = rounds * static_cast<double>(cores) / static_cast<double>(items * blocks);
      const double cost = static_cast<double>(item_rows + 12 * blocks) * imbalance;
      if (best_cost == 0 || cost < best_cost) {
        best = block_m;
        best_cost = cost;
      }
    }
  }
  return best;
}

}  // namespace

Space ForwardCpu::space(const Spec& spec, const Problem& problem, const DeviceClass& device) const {
  const ir::Target target = ir::target_of(spec.arch());
  const Quantization request = parse_quantization(problem.quantization).value_or(Quantization{});
  const int64_t k_words = ceil_div(problem.head_dim_qk, elements_of(qk_form_of(request, target, problem.dtype)));
  const int64_t v_vectors = ceil_div(problem.head_dim_v, target.lanes);
  Config constants;
  constants.set("registers", target.registers)
      .set("lanes", target.lanes)
      .set("v_vectors", v_vectors)
      .set("k_words", k_words)
      .set("q_row_words", ceil_div(k_words, target.lanes) * target.lanes)
      .set("o_row_words", v_vectors * target.lanes)
      .set("group", problem.group())
      .set("batch", problem.batch)
      .set("heads_kv", problem.heads_kv)
      .set("seqlen_q", std::max<int64_t>(problem.seqlen_q, 1))
      .set("seqlen_kv", std::max<int64_t>(problem.seqlen_kv, 1))
      .set("lists", problem.sparsity.kind != SparsityKind::none ? 1 : 0)
      .set("list_block_q", problem.sparsity.block_q)
      .set("list_block_kv", problem.sparsity.block_kv)
      .set("cores", device.compute_units)
      .set("least_block_n", std::max<int64_t>(64, request.flush_keys))
      .set("flush_keys", std::max<int64_t>(request.flush_keys, 1))
      .set("l2_bytes", std::max<int64_t>(device.l2_bytes, 256 * 1024));
  // Quantized operands lie packed in the workspace: of these choices the first is all there is.
  const auto choices = [&](std::vector<int64_t> domain) {
    if (!request.none()) domain.resize(1);
    return domain;
  };
  std::vector<Tunable> tunables = {
      {"block_m", {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512}, "Query rows of a work item."},
      {"block_n", {32, 64, 96, 128, 192, 256, 384, 512, 1024}, "Keys that are packed and visited at a time."},
      {"rows", {1, 2, 4, 6, 8, 12}, "Query rows of the micro-kernels: rows of their register tile."},
      {"qk_columns", {1, 2, 3, 4, 6}, "Registers of keys in the score micro-kernel's tile."},
      {"pv_columns", {1, 2, 3, 4, 6, 8}, "Registers of V in the accumulation micro-kernel's tile."},
      {"unroll", {1, 2, 4}, "Steps of the inner loops that are written out."},
      {"k_pack", choices({1, 0}),
       "1: keys are transposed into columns once a block; 0: dot products over the caller's rows."},
      {"v_pack", choices({1, 0}), "1: values are copied (converted, paired) once a block; 0: read in place."},
      {"prefetch", choices({0, 4, 16, 32}), "Rows of K and V that are prefetched ahead; 0: left to the hardware."},
      {"splits", {1, 2, 4, 8, 16}, "Parts of the keys that are worked on in parallel and merged by their LSE."},
      {"pack_gqa", {0, 1}, "1: the query heads of one KV head share a work item and its packed keys."},
      {"grain", {1, 2, 4, 8}, "Work items that a thread takes at a time."},
  };
  std::vector<std::string_view> texts = constraint_texts;
  const auto& more = request.none() ? plain_constraint_texts : quantized_constraint_texts;
  texts.insert(texts.end(), more.begin(), more.end());
  return {std::move(tunables), parse_all(texts), std::move(constants)};
}

Config ForwardCpu::heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const {
  const ir::Target target = ir::target_of(spec.arch());
  const Space all = space(spec, problem, device);
  const int64_t v_vectors = ceil_div(problem.head_dim_v, target.lanes);
  const bool lists = problem.sparsity.kind != SparsityKind::none;
  const int64_t group_rows = problem.seqlen_q * problem.group();
  const bool few_rows = group_rows <= 16;
  Config config;
  config.set("pack_gqa", problem.group() > 1 && !lists && problem.seqlen_q < 64 ? 1 : 0).set("grain", 1).set("prefetch", 0);
  const int64_t item_rows = config.at("pack_gqa") != 0 ? group_rows : problem.seqlen_q;
  const int64_t items = problem.batch * (config.at("pack_gqa") != 0 ? problem.heads_kv : problem.heads_q);
  const bool quantized = problem.quantization != "none";
  if (few_rows && !quantized) {
    // Decode reads K and V once at memory speed: no packing, and a power of two of rows for the dot-product kernel. Reading
    // 16 rows ahead brings one core of a Zen 5 from 16 to 25 GB/s.
    int64_t rows = 1;
    while (rows < item_rows && rows < std::min<int64_t>(target.lanes, 8)) rows *= 2;
    config.set("rows", rows).set("block_m", rows).set("k_pack", 0).set("v_pack", 0).set("qk_columns", 1).set("unroll", 2);
    config.set("block_n", 256).set("prefetch", 16);
  } else {
    // Tiles of 6 x 4 registers (4 x 2 on 16 registers) keep both FMA units busy with one load for two multiplies.
    const bool wide = target.registers >= 32;
    config.set("rows", wide || quantized ? 6 : 4)
        .set("qk_columns", wide ? 4 : 2)
        .set("unroll", 1)
        .set("k_pack", 1)
        .set("v_pack", 1);
    config.set("block_m", balanced_block_m(all, config.at("rows"), item_rows, items, device.compute_units));
    config.set("block_n", 256);
    // Words of two 16-bit codes: half as many steps a tile, each of which waits for a multiply and an add. On a Zen 3 two
    // steps written out take 250 cycles of the time stamp counter for 4 rows x 16 keys x 128 codes, one 297 (fp32: 410).
    if (quantized) config.set("unroll", 2);
  }
  config.set("splits", 1);
  // Largest tile of V that the registers hold.
  for (const int64_t columns : {8, 6, 4, 3, 2, 1}) {
    if (columns <= v_vectors && config.at("rows") * columns + columns + 1 <= target.registers) {
      config.set("pv_columns", columns);
      break;
    }
  }
  if (few_rows && !lists) {
    for (const int64_t splits : {2, 4, 8, 16}) {
      if (items * splits / 2 >= 2 * device.compute_units) break;
      if (all.contains(Config(config).set("splits", splits))) config.set("splits", splits);
    }
  }
  // The largest blocks up to these that fit, smaller register tiles only when no block does.
  auto at_most = [&](std::string_view name, int64_t limit) {
    std::vector<int64_t> values;
    for (const Tunable& tunable : all.tunables()) {
      if (tunable.name != name) continue;
      for (const int64_t value : std::views::reverse(tunable.domain)) {
        if (value <= limit) values.push_back(value);
      }
    }
    return values;
  };
  const Config wanted = config;
  for (const int64_t rows : at_most("rows", wanted.at("rows"))) {
    for (const int64_t columns : at_most("qk_columns", wanted.at("qk_columns"))) {
      for (const int64_t block_m : at_most("block_m", wanted.at("block_m"))) {
        for (const int64_t block_n : at_most("block_n", wanted.at("block_n"))) {
          config.set("rows", rows).set("qk_columns", columns).set("block_m", block_m).set("block_n", block_n);
          if (all.contains(config)) return config;
        }
      }
    }
  }
  return config;
}

}  // namespace attune::forward_cpu
