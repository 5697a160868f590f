// What the search needs of whoever measures: the seam between the pipeline and worker processes, devices and fakes.
#pragma once

#include <string>
#include <vector>

#include "common/result.hpp"
#include "generator/values.hpp"
#include "tuner/stopping.hpp"

namespace attune::tuner {

struct MeasureRequest {
  Config config;
  SamplingRule rule;
  bool validate = true;  // against the double reference, on sampled rows
};

// How one candidate fared. A candidate that crashes, hangs or lies is a measurement, too.
struct Measurement {
  // "ok", "abandoned" (hopelessly slow, not sampled further), "compile_failed", "launch_failed", "timed_out", "crashed",
  // "validation_failed".
  std::string status = "ok";
  std::string detail;              // one sentence when not ok
  std::vector<double> samples_ms;  // all, the first included
  double clock_before_mhz = 0, clock_after_mhz = 0;
  bool validated = false;
  double max_error = 0, tolerance = 0;  // tolerance: max_error over the worst ratio of an error to its bound
};

// One at a time; not thread-safe.
class Measurer {
 public:
  virtual ~Measurer() = default;

  // An error means that nothing can be measured any more (no worker starts, no memory for the problem), or
  // Status::cancelled.
  virtual Result<Measurement> measure(const MeasureRequest& request) = 0;
  // A fresh process for the finalists: no heap, page tables or code layout left over from the screening.
  virtual Result<void> refresh() = 0;
};

}  // namespace attune::tuner
