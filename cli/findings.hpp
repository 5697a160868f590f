// What `attune doctor` found on this machine, and what is wrong with it. Private to cli/.
#pragma once

#include <string>
#include <vector>

#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "runtime/device.hpp"

namespace attune::cli {

// Each complaint ends in the next step.
struct Findings {
  Json json;
  Lines lines;
  std::vector<std::string> broken, hints;
};

// Driver, GPUs, NVRTC with every place that was looked at, LLVM's NVPTX. None of them is broken for being absent: a machine
// without a GPU is a fine machine, unless the chosen device needs one.
void look_at_gpus(const runtime::DeviceOptions& options, Findings& found);

}  // namespace attune::cli
