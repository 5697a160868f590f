// Tensors for a problem, made to be hostile: guard pages, NaN in every gap and behind every length, odd strides.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "tests/reference/guarded_buffer.hpp"

namespace attune::test {

enum class Values {
  normal,    // N(0,1)
  fa3,       // N(0,1) + N(0,100) with probability .001
  llm,       // channel bias with outlier channels, a sink key of small norm
  dit,       // large K bias shared by all tokens, V channels biased by 8-9
  large,     // logits in the hundreds: the softmax is all but one-hot
  constant,  // all scores of a row equal
};
std::string_view name(Values values);

enum class Strides {
  contiguous,   // as problem.layout says
  shuffled,     // any order of batch, head and sequence, gaps, negative strides, absurd strides where the extent is 1
  packed_qkv,   // Q, K and V interleaved in one buffer, where their shapes allow it; else shuffled
  expanded_kv,  // stride 0 over batch or heads of K and V
};
std::string_view name(Strides strides);

struct WorkloadOptions {
  uint64_t seed = 1;
  Values values = Values::normal;
  Strides strides = Strides::contiguous;
  bool poison = false;      // NaN and inf in a few keys and values that some rows see and others must not feel
  bool finite_min = false;  // additive masks hide with the lowest finite number instead of -inf

  std::string to_json() const;
};

class Workload {
 public:
  Workload(const Problem& problem, const WorkloadOptions& options);
  Workload(Workload&&) = default;

  const Problem& problem() const { return problem_; }
  const Tensors& tensors() const { return tensors_; }
  Tensors& tensors() { return tensors_; }  // for tests that edit what a view points to

  // Element (b, h, row, column); row counts within the packed tensor for varlen. Paged K and V: row is the key of batch
  // element b, found through the page table.
  float get(const TensorView& view, int64_t b, int64_t h, int64_t row, int64_t column) const;
  void set(const TensorView& view, int64_t b, int64_t h, int64_t row, int64_t column, float value);
  float lse(int64_t b, int64_t h, int64_t row) const;

  // After set() or other edits of inputs: what damage() compares with.
  void seal();
  // Puts O and LSE back to the state before a run.
  void reset_outputs();
  // Which input changed, or which byte outside the elements of O and LSE was written; empty when none.
  std::string damage() const;

 private:
  // A view and the buffer behind it; `first` is the byte of element (0, 0, 0, 0), `count` the elements a view may touch.
  struct Owned {
    GuardedBuffer buffer;
    std::string what;
    uint64_t seal = 0;
  };

  // Leading extents as they lie in memory: packed tensors have one element, paged ones as many as there are pages.
  struct Extents {
    int64_t elements, heads, rows, columns;
  };
  Extents query_side(int64_t columns) const;
  Extents key_side(int64_t columns) const;
  int64_t element(const TensorView& view, int64_t b, int64_t h, int64_t row) const;  // index of its column 0
  void set_row(const TensorView& view, int64_t outer, int64_t h, int64_t row, int64_t columns, float value);

  int64_t uniform(int64_t low, int64_t high);
  bool chance(double probability);
  float normal();
  TensorView lay_out(std::string what, const Extents& extents, Strides strides, bool output);
  void lay_out_packed_qkv();
  void lay_out_lse();
  void make_lengths();
  void make_pages();
  void fill(const TensorView& view, const Extents& extents, char which);
  void make_mask();
  void make_lists();
  void hide_keys_beyond_lengths();
  void hide_unused_pages();
  void poison_some_keys();
  void give_codes();
  template <class T>
  T* array(std::string what, const std::vector<T>& values);
  template <class Visit>
  void visit_output_rows(Visit visit) const;

  Problem problem_;
  WorkloadOptions options_;
  std::mt19937_64 generator_;
  Tensors tensors_;
  std::vector<Owned> inputs_;
  GuardedBuffer o_, lse_;
};

}  // namespace attune::test
