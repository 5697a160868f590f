// A libnvidia-ml.so.1 that knows one GPU, whose SMs run at 1755 MHz.
#include <cstring>

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE int nvmlInit_v2() { return 0; }
FAKE int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** device) {
  *device = nullptr;
  return std::strcmp(bus, "0000:01:00.0") == 0 ? 0 : 6;
}
FAKE int nvmlDeviceGetClockInfo(void*, int kind, unsigned* mhz) {
  *mhz = 1755;
  return kind == 1 ? 0 : 2;
}
