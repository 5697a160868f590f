// emulated:sm_XX: kernels compiled for a GPU run on the host by the emulator, functionally exact and checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emulator/emulator.hpp"
#include "runtime/device.hpp"

namespace attune::runtime {

// What one launch of a plan executed.
struct LaunchCounters {
  std::string entry;
  emulator::Counters counters;
};

// Device memory is host memory, and launches are synchronous: `stream` means nothing here. Accesses outside of what the call
// was given and outside of allocate() are errors, and so is whatever else the emulator's checkers find
// (Status::validation_failed, with the PTX line, CTA, warp and lane). Nothing is cached, so flush_cache() has nothing to do.
//
// time_ms() is no prediction of any GPU, and no time that passed here: it is a cost computed from the counters of the
// launches in `work`, the same on every run, with one warp instruction, one pass over the shared-memory banks, 1024 FP16
// tensor-core operations or 32 bytes of global memory as a cycle of 1 ns, spread over the SMs of the part. It exists so that
// the machinery of measuring can be tested without a GPU. Tuning for users is refused on this device.
class EmulatedDevice : public Device {
 public:
  // Of the launches since the last call of this, in their order: the latest 64 of them.
  virtual std::vector<LaunchCounters> take_launches() const = 0;
};

// Null for any other device.
const EmulatedDevice* as_emulated(const Device& device);

// unsupported with the list of architectures when options.name names none of them. A machine without a compiler still opens
// it: the planner says what is missing.
Result<std::unique_ptr<Device>> open_emulated_device(const DeviceOptions& options);

}  // namespace attune::runtime
