// The test program is its own worker: started with the argument `worker`, as the attune program is.
#include <gmock/gmock.h>

#include <string_view>

#include "tuner/tuner.hpp"

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "worker") return attune::tuner::worker_main();
  testing::InitGoogleMock(&count, arguments);
  return RUN_ALL_TESTS();
}
