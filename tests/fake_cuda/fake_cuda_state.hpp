// What the fake driver was asked, and what it is to answer: shared by the library and the tests that load it.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

namespace attune::test {

struct FakeLaunch {
  std::string entry;
  std::array<unsigned, 3> grid{}, block{};
  unsigned shared_bytes = 0;
  void* stream = nullptr;
  std::array<unsigned, 3> cluster{};  // zeros: no such attribute
  bool programmatic_dependent = false;
  std::string parameters;  // the bytes of the buffer
};

struct FakeTensorMap {
  int data_type = 0;
  unsigned rank = 0;
  void* address = nullptr;
  std::vector<unsigned long> dims, strides_bytes;  // rank of them, and one fewer
  std::vector<unsigned> box, element_strides;
  int interleave = 0, swizzle = 0, l2_promotion = 0, out_of_bounds_fill = 0;
};

// One test at a time, and calls of one thread unless a test says otherwise: nothing is locked.
struct FakeCuda {
  int version = 12040;
  int device_count = 2;
  std::string name = "Fake H100";
  int compute_capability = 90;
  // By function: what its next calls return. 0 is success.
  std::map<std::string, int> results;
  std::string jit_log;                  // written to the buffer of a load that fails
  std::map<void*, int> capture_status;  // by stream
  int static_shared_bytes = 1024;

  std::map<std::string, int> calls;  // by function
  std::vector<FakeLaunch> launches;
  std::vector<FakeTensorMap> tensor_maps;
  std::vector<std::string> loaded;            // the code of each load
  std::map<std::string, int> attributes_set;  // "entry/attribute" -> value
  std::vector<void*> touched_streams;         // by records, synchronisations and memsets
  int contexts_retained = 0, contexts_released = 0, libraries_alive = 0, events_alive = 0, memory_alive = 0;
  int context_depth = 0;  // pushed minus popped
  int capture_mode = 0;   // of the thread
  int relaxed_loads = 0;  // loads and allocations while the mode was relaxed
  bool current_is_ours = false;
};

using FakeCudaState = FakeCuda& (*)();  // extern "C" fake_cuda_state

}  // namespace attune::test
