// Decode from C++: one query per sequence over a KV cache of a different length for each, with the LSE.
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "attune/attune.hpp"

int main() {
  try {
    const attune::Context context = attune::Context::create().value_or_throw();
    const attune::Problem problem{.batch = 2,
                                  .heads_q = 8,
                                  .heads_kv = 2,
                                  .seqlen_q = 1,
                                  .seqlen_kv = 300,
                                  .head_dim_qk = 64,
                                  .head_dim_v = 64,
                                  .want_lse = true,
                                  .kv_lengths = true};
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    const auto make = [&](int64_t heads, int64_t seqlen) {
      std::vector<float> values(static_cast<size_t>(problem.batch * heads * seqlen * 64));
      for (float& value : values) value = normal(random);
      return values;
    };
    const std::vector<float> q = make(8, 1), k = make(2, 300), v = make(2, 300);
    std::vector<float> o(q.size()), lse(16);
    const std::vector<int32_t> lengths = {300, 0};  // the second sequence has no keys yet

    auto tensors = attune::Tensors::contiguous(problem, q.data(), k.data(), v.data(), o.data()).value_or_throw();
    tensors.kv_lengths = lengths.data();
    tensors.lse = lse.data();
    context.attention(problem, tensors).value_or_throw();

    // The rows of the empty sequence are exactly zero, and its LSE is -inf.
    double sum = 0;
    for (size_t i = 0; i < o.size(); ++i) sum += i < o.size() / 2 ? std::abs(o[i]) : 0;
    bool empty = std::isinf(lse[8]) && lse[8] < 0;
    for (size_t i = o.size() / 2; i < o.size(); ++i) empty = empty && o[i] == 0;
    std::printf("mean |O| %.3f, LSE of the first head %.3f, empty sequence %s\n", 2 * sum / static_cast<double>(o.size()),
                lse[0], empty ? "gives zeros" : "is wrong");

    // The same call in the style without exceptions: a problem nobody can do says what would work.
    if (const auto checked = context.check({.head_dim_qk = 100000}); !checked) {
      std::printf("refused: %s\n", checked.error().message().c_str());
    }
    return empty && std::isfinite(lse[0]) && sum > 0 ? 0 : 1;
  } catch (const attune::Exception& exception) {
    std::fprintf(stderr, "%s\n%s", exception.what(), exception.error().log().c_str());
    return 1;
  }
}
