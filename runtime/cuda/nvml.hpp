// The clock of a GPU, by NVIDIA's management library where there is one. Private to runtime/.
#pragma once

#include <memory>
#include <string>

namespace attune::runtime {

class Nvml {
 public:
  // `pci_bus_id` as the driver gives it, "0000:1b:00.0". Null when the library is not there, does not start or does not know
  // the GPU: clocks are then 0, which every reader of them takes for unknown.
  static std::unique_ptr<Nvml> open(const std::string& library, const std::string& pci_bus_id);

  double sm_clock_mhz() const;  // 0 when it cannot be read

 private:
  using Handle = struct attune_nvml_device*;
  Nvml() = default;

  int (*get_clock_)(Handle device, int kind, unsigned* mhz) = nullptr;
  Handle device_ = nullptr;
};

}  // namespace attune::runtime
