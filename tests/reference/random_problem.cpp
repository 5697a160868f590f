// The distribution of random problems, and their shrinking.
#include "tests/reference/random_problem.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

namespace attune::test {

namespace {

int64_t uniform(Random& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

bool one_in(Random& random, int64_t n) { return uniform(random, 1, n) == 1; }

template <class T, size_t N>
T pick(Random& random, const std::array<T, N>& values) {
  return values[static_cast<size_t>(uniform(random, 0, static_cast<int64_t>(N) - 1))];
}

int64_t log_uniform(Random& random, int64_t low, int64_t high) {
  const double x = static_cast<double>(random() >> 11) * 0x1p-53;
  return std::clamp(static_cast<int64_t>(std::exp(std::log(static_cast<double>(low)) +
                                                  x * std::log(static_cast<double>(high + 1) / static_cast<double>(low)))),
                    low, high);
}

void draw_head_dims(Problem& p, Random& random, int64_t most) {
  constexpr std::array<std::pair<int64_t, int64_t>, 4> common{{{64, 64}, {128, 128}, {192, 128}, {256, 256}}};
  constexpr std::array<int64_t, 16> odd{21, 36, 40, 48, 59, 60, 72, 80, 88, 96, 111, 160, 192, 203, 1, 8};
  const int64_t kind = uniform(random, 0, 9);
  if (kind < 5) {
    std::tie(p.head_dim_qk, p.head_dim_v) = pick(random, common);
  } else if (kind < 7) {
    p.head_dim_qk = p.head_dim_v = pick(random, odd);
  } else {
    p.head_dim_qk = uniform(random, 1, 256);
    p.head_dim_v = uniform(random, 1, 256);
  }
  p.head_dim_qk = std::min(p.head_dim_qk, most);
  p.head_dim_v = std::min(p.head_dim_v, most);
}

void draw_lengths(Problem& p, Random& random, int64_t most) {
  constexpr std::array<std::pair<int64_t, int64_t>, 9> pairs{
      {{113, 203}, {128, 217}, {108, 256}, {1024, 1023}, {1, 239}, {3, 799}, {127, 512}, {799, 3}, {1, 1}}};
  constexpr std::array<int64_t, 5> few_keys{5, 7, 9, 49, 77};
  switch (uniform(random, 0, 9)) {
    case 0:
    case 1: std::tie(p.seqlen_q, p.seqlen_kv) = pick(random, pairs); break;
    case 2:
      p.seqlen_q = uniform(random, 1, 4096);
      p.seqlen_kv = pick(random, few_keys);
      break;
    case 3:  // decode
      p.seqlen_q = 1;
      p.seqlen_kv = log_uniform(random, 1, 4096);
      break;
    case 4:
    case 5:
      p.seqlen_q = uniform(random, 1, 1024);
      p.seqlen_kv = uniform(random, 1, 1024);
      break;
    case 6: p.seqlen_q = p.seqlen_kv = log_uniform(random, 1, 1024); break;
    default: p.seqlen_q = log_uniform(random, 1, 1024); p.seqlen_kv = log_uniform(random, 1, 1024);
  }
  p.seqlen_q = std::min(p.seqlen_q, 4 * most);
  p.seqlen_kv = std::min(p.seqlen_kv, 4 * most);
  if (one_in(random, 50)) p.seqlen_kv = 0;
}

double dense_flops(const Problem& p) {
  return 2.0 * static_cast<double>(p.batch * p.heads_q * p.seqlen_q) * static_cast<double>(p.seqlen_kv) *
         static_cast<double>(p.head_dim_qk + p.head_dim_v);
}

void draw_mask_extents(Problem& p, const Problem& traits, Random& random) {
  MaskRequest& m = p.mask;
  if (m.kind == MaskKind::none) return;
  m.batch = one_in(random, 2) ? 1 : p.batch;
  m.heads = one_in(random, 2) ? 1 : p.heads_q;
  m.seqlen_q = one_in(random, 3) ? 1 : p.seqlen_q;
  // Broadcast, short and whole masks may be different kernels, so the traits decide: 1, 2 (short) or 3 (whole).
  m.seqlen_kv = traits.mask.seqlen_kv == 1 || p.seqlen_kv < 3 ? std::min<int64_t>(1, p.seqlen_kv)
                : traits.mask.seqlen_kv == 2                  ? uniform(random, 2, p.seqlen_kv - 1)
                                                              : p.seqlen_kv;
}

void draw_pages(Problem& p, Random& random) {
  p.page_size = pick(random, std::array<int64_t, 9>{1, 3, 7, 16, 16, 32, 64, 100, 256});
  const int64_t all = p.batch * p.pages_per_sequence();
  // Fewer pages than entries (shared ones), as many, or more.
  p.page_count =
      std::max<int64_t>(1, uniform(random, 0, 2) == 0 ? uniform(random, 1, all + 1) : all + uniform(random, 0, 9));
}

void draw_sparsity_extents(Problem& p, Random& random) {
  SparsityRequest& s = p.sparsity;
  if (s.kind == SparsityKind::none) return;
  constexpr std::array<int64_t, 7> blocks{16, 32, 64, 64, 128, 48, 100};
  s.block_q = pick(random, blocks);
  s.block_kv = pick(random, blocks);
  s.batch = one_in(random, 2) ? 1 : p.batch;
  s.heads = pick(random, std::array<int64_t, 3>{1, p.heads_kv, p.heads_q});
  if (s.kind == SparsityKind::padded_lists)
    s.max_blocks = (p.seqlen_kv + s.block_kv - 1) / s.block_kv + uniform(random, 0, 2);
}

template <class Change>
void propose(std::vector<Problem>& candidates, const Problem& problem, Change change) {
  Problem candidate = problem;
  change(candidate);
  if (!(candidate == problem) && validate(candidate).ok()) candidates.push_back(std::move(candidate));
}

// Keeps masks, lists and totals well-formed after an extent has changed from that of `before`.
void follow(Problem& p, const Problem& before) {
  if (p.mask.batch == before.batch) p.mask.batch = p.batch;
  if (p.mask.heads == before.heads_q) p.mask.heads = p.heads_q;
  if (p.mask.seqlen_q == before.seqlen_q) p.mask.seqlen_q = p.seqlen_q;
  if (p.mask.kind != MaskKind::none) {
    p.mask.seqlen_kv = p.mask.seqlen_kv == before.seqlen_kv ? p.seqlen_kv : std::min(p.mask.seqlen_kv, p.seqlen_kv);
  }
  if (p.sparsity.batch == before.batch) p.sparsity.batch = p.batch;
  p.sparsity.heads = p.sparsity.heads == before.heads_q ? p.heads_q : p.sparsity.heads == before.heads_kv ? p.heads_kv : 1;
  if (p.varlen) {
    p.total_q = std::min(p.total_q, p.batch * p.seqlen_q);
    p.total_kv = std::min(p.total_kv, p.batch * p.seqlen_kv);  // 0 when paged
  }
}

}  // namespace

Problem draw_traits(Random& random, const Limits& limits) {
  Problem p;
  p.dtype = pick(random, std::array{DType::f32, DType::f32, DType::f16, DType::f16, DType::bf16, DType::bf16, DType::bf16});
  draw_head_dims(p, random, limits.head_dim);
  // heads_q carries the group until draw_shape: MHA, GQA or MQA.
  p.heads_q = pick(random, std::array<int64_t, 6>{1, 1, 2, 4, 8, 3});
  p.heads_q = std::min(p.heads_q, limits.heads);
  // Causal 10, left band 5, right band 5, band 10, none 10.
  const int64_t band = uniform(random, 0, 39);
  p.causal = band < 10;
  if ((band >= 10 && band < 15) || (band >= 20 && band < 30)) p.window_left = 0;
  if (band >= 15 && band < 30) p.window_right = 0;
  if (p.causal && one_in(random, 4)) p.window_left = 0;
  p.alignment = one_in(random, 2) ? Alignment::top_left : Alignment::bottom_right;
  if (one_in(random, 5)) p.softcap = 1;
  if (one_in(random, 8)) p.softmax_scale = -1.0F;
  p.sinks = one_in(random, 5);
  p.alibi = one_in(random, 6);
  if (one_in(random, 3)) {
    p.mask.kind = one_in(random, 2) ? MaskKind::boolean : MaskKind::additive;
    p.mask.dtype = p.mask.kind == MaskKind::boolean ? DType::boolean
                   : one_in(random, 2)              ? p.dtype
                                                    : pick(random, std::array{DType::f32, DType::f16, DType::bf16});
    p.mask.seqlen_kv = pick(random, std::array<int64_t, 5>{1, 2, 3, 3, 3});
  }
  p.kv_lengths = one_in(random, 4);
  p.varlen = one_in(random, 5);
  // page_size 1 stands for paged until draw_shape; packed queries then need lengths.
  if (one_in(random, 6)) {
    p.page_size = p.page_count = 1;
    p.kv_lengths = p.kv_lengths || p.varlen;
  }
  if (one_in(random, 6)) {
    p.sparsity.kind = one_in(random, 2) ? SparsityKind::padded_lists : SparsityKind::csr_lists;
    p.sparsity.full = !one_in(random, 4);
    p.sparsity.partial = !p.sparsity.full || one_in(random, 2);
  }
  p.want_lse = !one_in(random, 3);
  return p;
}

Problem draw_shape(const Problem& traits, Random& random, const Limits& limits) {
  Problem p = traits;
  const int64_t group = traits.heads_q;
  for (;;) {
    p.batch = one_in(random, 3) ? 1 : uniform(random, 1, limits.batch);
    p.heads_kv = uniform(random, 1, std::max<int64_t>(1, limits.heads / group));
    p.heads_q = p.heads_kv * group;
    draw_lengths(p, random, limits.seqlen);
    if (dense_flops(p) <= limits.flops) break;
  }
  p.layout = one_in(random, 2) ? Layout::bhsd : Layout::bshd;
  const auto width = [&] { return one_in(random, 4) ? 0 : log_uniform(random, 1, std::max<int64_t>(1, p.seqlen_kv)); };
  if (traits.window_left >= 0) p.window_left = width();
  if (traits.window_right >= 0) p.window_right = width();
  if (traits.softcap > 0) p.softcap = pick(random, std::array{0.5F, 1.0F, 30.0F, 50.0F});
  if (traits.softmax_scale) {
    p.softmax_scale = pick(random, std::array{-0.125F, -0.01F});
  } else if (one_in(random, 3)) {
    p.softmax_scale = pick(random, std::array{1.0F, 0.03F, 0.2F, 1e-5F});
  }
  if (p.varlen) {
    p.total_q = uniform(random, 0, p.batch * p.seqlen_q);
    p.total_kv = uniform(random, 0, p.batch * p.seqlen_kv);
    if (one_in(random, 4)) p.total_q = p.batch * p.seqlen_q;
    if (one_in(random, 4)) p.total_kv = p.batch * p.seqlen_kv;
    if (p.paged()) p.total_kv = 0;
  }
  if (p.paged()) draw_pages(p, random);
  draw_mask_extents(p, traits, random);
  draw_sparsity_extents(p, random);
  return p;
}

WorkloadOptions draw_workload(const Problem& problem, Random& random) {
  WorkloadOptions options;
  options.seed = random();
  options.values = static_cast<Values>(pick(random, std::array{0, 0, 0, 1, 2, 2, 3, 4, 5}));
  options.strides = static_cast<Strides>(pick(random, std::array{0, 1, 1, 2, 3}));
  options.poison = one_in(random, 5);
  options.finite_min = problem.mask.kind == MaskKind::additive && one_in(random, 4);
  return options;
}

std::vector<Problem> simpler_problems(const Problem& problem) {
  std::vector<Problem> candidates;
  const auto off = [&](auto change) { propose(candidates, problem, change); };
  off([](Problem& p) { p.sparsity = {}; });
  off([](Problem& p) { p.mask = {}; });
  off([](Problem& p) {
    p.varlen = false;
    p.total_q = p.total_kv = 0;
  });
  off([](Problem& p) {
    if (p.paged() && p.varlen) p.total_kv = p.batch * p.seqlen_kv;
    p.page_size = p.page_count = 0;
  });
  off([](Problem& p) { p.kv_lengths = false; });
  off([](Problem& p) { p.alibi = false; });
  off([](Problem& p) { p.sinks = false; });
  off([](Problem& p) { p.softcap = 0; });
  off([](Problem& p) { p.causal = false; });
  off([](Problem& p) { p.window_left = -1; });
  off([](Problem& p) { p.window_right = -1; });
  off([](Problem& p) { p.alignment = Alignment::top_left; });
  off([](Problem& p) { p.softmax_scale.reset(); });
  off([](Problem& p) { p.want_lse = false; });
  off([](Problem& p) { p.layout = Layout::bhsd; });
  off([](Problem& p) { p.mask.batch = p.mask.kind == MaskKind::none ? p.mask.batch : 1; });
  off([](Problem& p) { p.mask.heads = p.mask.kind == MaskKind::none ? p.mask.heads : 1; });
  off([](Problem& p) { p.mask.seqlen_q = p.mask.kind == MaskKind::none ? p.mask.seqlen_q : 1; });
  off([](Problem& p) { p.sparsity.batch = p.sparsity.heads = 1; });
  // Extents: 1, half, one less.
  const auto shrink = [&](int64_t Problem::* field, int64_t least) {
    for (const int64_t value : {least, problem.*field / 2, problem.*field - 1}) {
      if (value >= least && value < problem.*field) {
        off([&](Problem& p) {
          p.*field = value;
          follow(p, problem);
        });
      }
    }
  };
  shrink(&Problem::batch, 1);
  off([&](Problem& p) {
    p.heads_kv = 1;
    p.heads_q = problem.group();
    follow(p, problem);
  });
  off([&](Problem& p) {
    p.heads_q = p.heads_kv;
    follow(p, problem);
  });
  shrink(&Problem::seqlen_q, 1);
  shrink(&Problem::seqlen_kv, 0);
  shrink(&Problem::head_dim_qk, 1);
  shrink(&Problem::head_dim_v, 1);
  shrink(&Problem::total_q, 0);
  shrink(&Problem::total_kv, 0);
  shrink(&Problem::page_size, 1);
  shrink(&Problem::page_count, 1);
  shrink(&Problem::window_left, 0);
  shrink(&Problem::window_right, 0);
  return candidates;
}

std::vector<WorkloadOptions> simpler_workloads(const WorkloadOptions& options) {
  std::vector<WorkloadOptions> candidates;
  const auto propose_options = [&](auto change) {
    WorkloadOptions candidate = options;
    change(candidate);
    if (candidate.to_json() != options.to_json()) candidates.push_back(candidate);
  };
  propose_options([](WorkloadOptions& o) { o.poison = false; });
  propose_options([](WorkloadOptions& o) { o.strides = Strides::contiguous; });
  propose_options([](WorkloadOptions& o) { o.values = Values::normal; });
  propose_options([](WorkloadOptions& o) { o.finite_min = false; });
  return candidates;
}

}  // namespace attune::test
