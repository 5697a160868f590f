// Contention and clock drift: a fixed piece of work, re-timed at intervals, tells whether the machine is still the same.
#pragma once

namespace attune::tuner {

class DriftMonitor {
 public:
  // `tolerance`: relative change of the calibration time that marks the measurements since the last check as disturbed.
  explicit DriftMonitor(double tolerance = 0.10) : tolerance_(tolerance) {}

  // The first call sets the reference. True when the segment since the previous call is clean. A faster calibration is drift
  // too: what was measured before it was measured on a slower machine.
  bool check(double calibration_ms);
  // The new state of the machine is there to stay: measure against it from now on.
  void accept(double calibration_ms) { reference_ms_ = calibration_ms; }

  double reference_ms() const { return reference_ms_; }
  double drift() const { return drift_; }  // of the last check: 0.12 is 12 % slower than the reference

 private:
  double tolerance_;
  double reference_ms_ = 0;
  double drift_ = 0;
};

}  // namespace attune::tuner
