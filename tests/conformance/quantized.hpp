// Quantized problems on the targets: which requests each target must do, and what holds a result to the exact model.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "generator/quantization.hpp"
#include "tests/conformance/harness.hpp"
#include "tuner/validate.hpp"

namespace attune::test {

// Every value of every axis of a request at least once, the presets first.
const std::vector<std::string>& quantized_requests();

// The same with operands that are given as codes: apart, because not every problem can have them.
const std::vector<std::string>& given_requests();

// The text as a problem wants it.
std::string canonical(const std::string& request);

// What runs quantized problems: the targets of this program without those that name a family.
std::vector<std::string> quantized_targets();
// One of them for each code: what differs between GPU architectures is which requests they have, and every request runs on
// each of them; features, shapes and defects are a matter of the kernel's text.
std::vector<std::string> quantized_representatives();
bool is_emulated(const std::string& target);

// The table of what each target has to do, written down: support that gets lost fails a test instead of skipping one.
bool must_support(const std::string& target, const Quantization& request);
std::vector<std::string> requests_of(const std::string& target);

// Runs the work (outputs and workspace are poisoned first) by the config, or by the heuristic's, and returns what is wrong:
// a refusal, modified inputs, bytes beside the outputs, or a distance from the model over its gate. Empty: nothing.
std::string run_quantized(const std::string& target, Workload& work, const std::optional<Config>& config = std::nullopt);

// Lays the case out, runs it, and says how to repeat it when it fails.
std::string check_quantized(const Case& test_case);

// Of a problem with all operands given, not packed: bytes of codes that belong to elements, and those of V that pad. seal()
// the work after edits.
void for_each_code(Workload& work, const std::function<void(uint8_t&)>& element,
                   const std::function<void(uint8_t&)>& padding);

// The whole range of integer codes, -128 and -8 among them, and codes behind the last key of V.
void give_any_codes(Workload& work);
// A scale of 0 for a query, a key and a channel of the first head.
void give_scales_of_0(Workload& work);

// All rows of a case that a test printed, against what the test held it to: the model where it is quantized, else double.
std::string replay_case(const Case& test_case);

// The result of the last run against attention in double, all rows: the field's metrics, no gate.
struct Metrics {
  double cosine = 0, relative_l1 = 0, rmse = 0;
};
Metrics metrics_against_double(const Workload& work);

}  // namespace attune::test
