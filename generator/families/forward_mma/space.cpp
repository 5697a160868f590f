// The config space of forward_mma, and the config it starts from when nothing has been measured.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "generator/cuda/arch.hpp"
#include "generator/families/forward_mma/forward_mma.hpp"
#include "generator/families/forward_mma/tiles.hpp"

namespace attune::forward_mma {
namespace {

const std::vector<std::string_view> constraint_texts = {
    // A warp owns one or two 16-row fragments.
    "block_m % (16 * warps) == 0",
    "block_m <= 32 * warps",
    // Q staged where the rings will be takes no room of its own. Blocks of several to an SM share its memory.
    "q_in_registers == 1 || block_m * qk_row_bytes + stages * block_n * (qk_row_bytes + v_key_bytes) <= shared_limit",
    "q_in_registers == 0 || max(block_m * qk_row_bytes, stages * block_n * (qk_row_bytes + v_key_bytes)) <= shared_limit",
    "min_blocks == 1 || min_blocks * (1024 + stages * block_n * (qk_row_bytes + v_key_bytes) + (1 - q_in_registers) * "
    "block_m * qk_row_bytes) <= shared_per_sm",
    // Fragments of Q in registers are named, not indexed.
    "q_in_registers == 0 || qk_unroll == 16",
    // Accumulators of O and S, and Q where it is kept, in the registers of one thread; some 50 are needed beside them.
    "block_m / (16 * warps) * (v_columns / 2 + block_n / 2 + q_in_registers * qk_row_bytes / 8) <= 192",
    "min_blocks == 1 || min_blocks * 32 * warps * (block_m / (16 * warps) * (v_columns / 2 + block_n / 2 + q_in_registers * "
    "qk_row_bytes / 8) + 48) <= 65536",
    "min_blocks * 32 * warps <= threads_per_sm",
    // Compile time, which goes with the instructions that are written out: at most 256 of mma, each 16 rows by 8 columns by
    // a k step of 16 keys (P of 8 bits: 32) or 32 bytes of Q, and some for each score of a thread. What takes more fits
    // with a smaller qk_unroll.
    "block_m / (16 * warps) * block_n * (v_columns * p_bytes / 2 + 16 * min(qk_unroll, qk_row_bytes / 32)) <= 128 * 256",
    "block_m / (16 * warps) * block_n <= score_limit",
    // No block much larger than what there is to do.
    "block_m == 16 || block_m < 2 * seqlen_q * (1 + pack_gqa * (group - 1))",
    "block_n <= least_block_n || block_n < 2 * seqlen_kv",
    "lists == 0 || block_m == 16 || block_m < 2 * list_block_q",
    "lists == 0 || block_n <= least_block_n || block_n <= list_block_kv",
    "pack_gqa == 0 || (group > 1 && lists == 0 && seqlen_q * group < 1073741824)",
    // Longest rows first means something only where rows differ.
    "reverse == 0 || causal == 1",
    // Every part of V's columns has some.
    "v_splits == 1 || (v_splits - 1) * v_columns < head_dim_v",
    // Split keys cost a second pass over every row: only where rows alone cannot fill the device.
    "splits == 1 || (lists == 0 && splits * block_n < 2 * seqlen_kv)",
    "splits == 1 || batch * heads_kv * seqlen_q <= 64 * multiprocessors",
    // Tiles of codes hold whole scale blocks of 64 keys or equal parts of one, whole k steps of 32 keys where P is of 8
    // bits,
    // and whole flush windows; sums that are not fp32 have no room for probabilities above the largest.
    "codes == 0 || block_n % 64 == 0 || 64 % block_n == 0",
    "codes < 2 || block_n % 32 == 0",
    "flush_keys == 0 || block_n % flush_keys == 0",
    "codes < 2 || rescale_threshold == 0",
    // One grid dimension holds every block.
    "batch * heads_q * ceil_div(seqlen_q, block_m) * splits * v_splits < 2147483648",
};

void replace_all(std::string& text, std::string_view name, std::string_view by) {
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + by.size())) {
    text.replace(at, name.size(), by);
  }
}

// v_columns and v_key_bytes depend on a tunable: as expressions they would be spelt out in every constraint.
std::vector<Expression> constraints(int64_t head_dim_v, const Quantization& request) {
  std::vector<Expression> result;
  const std::string columns = "(ceil_div(ceil_div(" + std::to_string(head_dim_v) + ", v_splits), 8) * 8)";
  const bool codes = request.pv != PvOperand::input;
  for (const std::string_view text : constraint_texts) {
    std::string spelt(text);
    replace_all(spelt, "v_key_bytes", codes ? "(ceil_div(v_columns, 16) * 16)" : "(2 * v_columns)");
    replace_all(spelt, "v_columns", columns);
    auto expression = Expression::parse(spelt);
    if (expression.ok()) result.push_back(*std::move(expression));
  }
  return result;
}

// Softcap, ALiBi and masks take several instructions for each score.
bool modifies_scores(const Problem& problem) {
  return problem.softcap != 0 || problem.alibi || problem.mask.kind != MaskKind::none;
}

Config with(Config config, std::string_view name, int64_t value) { return config.set(name, value); }

// Warps of 32 rows use each fragment of K and V twice: with 16 rows a warp, reading fragments from shared memory takes as
// long as multiplying them. Of the tiles that let two CTAs share an SM, so that one computes while the other waits at a
// barrier, the largest.
Config wide_warps(const Space& space, const Config& narrow, int64_t width) {
  constexpr std::array<std::pair<int64_t, int64_t>, 4> tiles = {{{64, 2}, {64, 1}, {32, 2}, {32, 1}}};  // block_n, stages
  for (const auto& [block_n, stages] : tiles) {
    Config config = with(with(narrow, "block_m", 128), "warps", 4);
    config.set("block_n", block_n).set("stages", stages).set("q_in_registers", 0).set("min_blocks", 2);
    config.set("qk_unroll", width > 64 ? 2 : 16);
    if (space.contains(config)) return config;
  }
  return narrow;
}

}  // namespace

Space ForwardMma::space(const Spec& spec, const Problem& problem, const DeviceClass& device) const {
  const auto found = cuda::find_arch(spec.arch());
  const cuda::Arch arch = found.ok() ? *found : cuda::archs().front();
  Config constants;
  const Quantization request = quantization_of(problem.quantization);
  // 2: P or its sums are of other types than the tensors', too.
  const int64_t codes = request.none() ? 0 : keeps_v(request) ? 2 : 1;
  constants.set("qk_row_bytes", Tiles::row_bytes(problem.head_dim_qk, request))
      .set("codes", codes)
      .set("p_bytes", request.pv == PvOperand::input ? 2 : 1)
      .set("flush_keys", request.flush_keys)
      .set("least_block_n", std::max<int64_t>(32, request.flush_keys))
      .set("head_dim_v", problem.head_dim_v)
      .set("shared_limit", arch.shared_bytes_per_block)
      .set("shared_per_sm", arch.shared_bytes_per_sm)
      .set("threads_per_sm", arch.threads_per_sm)
      .set("score_limit", modifies_scores(problem) ? 128 : 256)
      .set("multiprocessors", std::max<int64_t>(device.compute_units, 1))
      .set("group", problem.group())
      .set("batch", problem.batch)
      .set("heads_q", problem.heads_q)
      .set("heads_kv", problem.heads_kv)
      .set("seqlen_q", std::max<int64_t>(problem.seqlen_q, 1))
      .set("seqlen_kv", std::max<int64_t>(problem.seqlen_kv, 1))
      .set("causal", problem.causal ? 1 : 0)
      .set("lists", problem.sparsity.kind != SparsityKind::none ? 1 : 0)
      .set("list_block_q", problem.sparsity.block_q)
      .set("list_block_kv", problem.sparsity.block_kv);
  std::vector<Tunable> tunables = {
      {"block_m", {16, 32, 64, 128, 256}, "Query rows of one CTA."},
      {"block_n", {16, 32, 48, 64, 96, 128, 160, 192, 256}, "Keys of one tile."},
      {"warps", {1, 2, 4, 8}, "Warps of one CTA; each owns 16 or 32 query rows."},
      {"stages", {1, 2, 3, 4}, "Tiles of K and V in shared memory: copies run one less ahead; 1: K and V take turns."},
      {"q_in_registers", {0, 1}, "1: Q is loaded into fragments once; 0: read from shared memory for every tile."},
      {"peel", {1, 0}, "1: tiles in which nothing is hidden run code without masks; 0: one code for all."},
      {"reverse", {0, 1}, "1: the last query rows, which see the most keys, begin first."},
      {"splits", {1, 2, 4, 8, 16, 32, 64}, "Parts of the keys, worked on in parallel and merged by their LSE."},
      {"v_splits", {1, 2, 4}, "Parts of V's columns; each computes the scores anew."},
      {"rescale_threshold", {0, 8}, "How far (log2) a row's maximum may lag before what was summed is rescaled."},
      {"min_blocks", {1, 2, 3, 4}, "CTAs that shall fit one SM: the compiler limits registers accordingly."},
      {"qk_unroll", {16, 4, 2}, "16-column steps of Q K^T that are written out; fewer take fewer registers."},
      {"pack_gqa", {0, 1}, "1: the query heads of one KV head share a CTA and its keys."},
  };
  return {std::move(tunables), constraints(problem.head_dim_v, request), std::move(constants)};
}

// FlashAttention-2's tiles where they fit; few rows get small blocks of their own and split keys.
Config ForwardMma::heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const {
  const Space space = this->space(spec, problem, device);
  const int64_t width = std::max(problem.head_dim_qk, problem.head_dim_v);
  const bool lists = problem.sparsity.kind != SparsityKind::none;
  const bool pack = problem.group() > 1 && !lists && problem.seqlen_q < 64;
  const Quantization request = quantization_of(problem.quantization);
  int64_t rows = problem.seqlen_q * (pack ? problem.group() : 1);
  if (lists) rows = std::min(rows, problem.sparsity.block_q);

  Config config;
  config.set("block_m", 16)
      .set("block_n", std::max<int64_t>(width <= 128 ? 64 : 32, request.flush_keys))
      .set("warps", 1)
      .set("stages", 2)
      .set("q_in_registers", 0)
      .set("peel", 1)
      .set("reverse", problem.causal ? 1 : 0)
      .set("splits", 1)
      .set("v_splits", problem.head_dim_v > 384   ? 4
                       : problem.head_dim_v > 256 ? 2
                                                  : 1)
      .set("rescale_threshold", 0)
      .set("min_blocks", 1)
      .set("qk_unroll", 16)
      .set("pack_gqa", pack ? 1 : 0);
  // Each step is kept where the space allows it: a smaller tile first, until something fits, then larger blocks of rows.
  constexpr std::array<std::pair<std::string_view, int64_t>, 6> smaller = {
      {{"block_n", 32}, {"stages", 1}, {"block_n", 16}, {"v_splits", 4}, {"qk_unroll", 4}, {"qk_unroll", 2}}};
  // Whole k steps of 8-bit P, and whole flush windows.
  const int64_t least_block_n = std::max<int64_t>(request.pv == PvOperand::input ? 16 : 32, request.flush_keys);
  for (const auto& [name, value] : smaller) {
    if (space.contains(config)) break;
    if (name != "block_n" || value >= least_block_n) config.set(name, value);
  }
  for (const int64_t block_m : {32, 64, 128}) {
    if (block_m >= 2 * rows || (block_m > 64 && problem.seqlen_q < 512)) break;
    const Config larger = with(with(config, "block_m", block_m), "warps", block_m / 16);
    const std::array<Config, 4> variants = {larger, with(larger, "q_in_registers", 1), with(larger, "stages", 1),
                                            with(with(larger, "q_in_registers", 1), "stages", 1)};
    // 128 rows are not worth a copy that nothing hides, nor the registers of Q.
    const auto* end = block_m > 64 ? variants.begin() + 1 : variants.end();
    const auto* fits = std::find_if(variants.begin(), end, [&](const Config& c) { return space.contains(c); });
    if (fits != end) config = *fits;
  }
  if (rows >= 128 && problem.seqlen_q >= 512 && width <= 128) config = wide_warps(space, config, width);
  // Split keys while a quarter of the SMs would have nothing to do, down to four tiles for each CTA.
  const int64_t ctas = problem.batch * (pack ? problem.heads_kv : problem.heads_q) * row_blocks(problem, config);
  for (const int64_t splits : {2, 4, 8, 16, 32, 64}) {
    const Config split = with(config, "splits", splits);
    if (4 * ctas * config.at("splits") > 3 * device.compute_units) break;
    if (4 * splits * config.at("block_n") > problem.seqlen_kv || !space.contains(split)) break;
    config = split;
  }
  return config;
}

}  // namespace attune::forward_mma
