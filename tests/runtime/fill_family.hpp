// A family small enough to see through: it writes its config's `value` into every element of O. It exists to test what
// surrounds a family; numbers of real kernels are the conformance tests' business.
#pragma once

#include <atomic>
#include <set>
#include <string>

#include "generator/family.hpp"

namespace attune::test {

class FillFamily : public Family {
 public:
  // Values whose source does not parse: a config that cannot be compiled.
  std::set<int64_t> broken_values;
  // Besides none; part of the spec.
  std::set<std::string> quantizations;
  // What the heuristic proposes.
  int64_t heuristic_value = 1;
  mutable std::atomic<int> emissions{0};

  std::string_view name() const override { return "fill"; }
  int version() const override { return 3; }
  SourceKind source_kind() const override { return SourceKind::llvm_ir; }
  Result<void> supports(const Problem& problem, const DeviceClass& device) const override;
  Spec spec(const Problem& problem, const DeviceClass& device) const override;
  // Power-of-two buckets of the query length.
  std::string shape_bucket(const Problem& problem) const override;
  // value in {1, 2, 4, ..., 64} with value <= max(seqlen_q, 1); scratch in {0, 4096}.
  Space space(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Config heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Result<Source> emit(const Spec& spec, const Config& config) const override;
  std::vector<Launch> launches(const Problem& problem, const Config& config, const DeviceClass& device) const override;
  int64_t workspace_bytes(const Problem& problem, const Config& config, const DeviceClass& device) const override;
  void bind(const Problem& problem, const Config& config, const DeviceClass& device, const Tensors& tensors, void* workspace,
            ArgumentBlock& arguments) const override;
  std::string_view model() const override { return "fill"; }
};

Config fill_config(int64_t value, int64_t scratch = 0);

// fp32, contiguous BHSD: what FillFamily supports.
Problem fill_problem(int64_t seqlen_q, int64_t heads = 2);

// Q, K, V and O of such a problem, zero-filled.
struct FillTensors {
  std::vector<float> q, k, v, o;
  Tensors tensors;
  explicit FillTensors(const Problem& problem);
  bool all(float value) const;
};

// IR of `void entry(arguments, begin, end, scratch)`: for each item, `columns` floats of the first argument get `value`.
std::string fill_ir(std::string_view entry, int64_t columns, double value);

}  // namespace attune::test
