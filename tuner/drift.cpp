// Relative change against a reference time.
#include "tuner/drift.hpp"

#include <cmath>

namespace attune::tuner {

bool DriftMonitor::check(double calibration_ms) {
  if (reference_ms_ <= 0) {
    reference_ms_ = calibration_ms;
    drift_ = 0;
    return true;
  }
  drift_ = calibration_ms / reference_ms_ - 1;
  return std::abs(drift_) <= tolerance_;
}

}  // namespace attune::tuner
