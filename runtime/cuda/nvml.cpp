// Three functions of a large library.
#include "runtime/cuda/nvml.hpp"

#include "runtime/shared_library.hpp"

namespace attune::runtime {
namespace {

constexpr int nvml_success = 0;
constexpr int nvml_clock_sm = 1;

}  // namespace

std::unique_ptr<Nvml> Nvml::open(const std::string& name, const std::string& pci_bus_id) {
  const auto library = SharedLibrary::open(name);
  if (!library.ok()) return nullptr;
  const auto start = reinterpret_cast<int (*)()>(library->symbol("nvmlInit_v2"));
  const auto find = reinterpret_cast<int (*)(const char*, Handle*)>(library->symbol("nvmlDeviceGetHandleByPciBusId_v2"));
  std::unique_ptr<Nvml> nvml(new Nvml);
  nvml->get_clock_ = reinterpret_cast<int (*)(Handle, int, unsigned*)>(library->symbol("nvmlDeviceGetClockInfo"));
  if (start == nullptr || find == nullptr || nvml->get_clock_ == nullptr || start() != nvml_success) return nullptr;
  if (find(pci_bus_id.c_str(), &nvml->device_) != nvml_success) return nullptr;
  return nvml;
}

double Nvml::sm_clock_mhz() const {
  unsigned mhz = 0;
  return get_clock_(device_, nvml_clock_sm, &mhz) == nvml_success ? static_cast<double>(mhz) : 0;
}

}  // namespace attune::runtime
