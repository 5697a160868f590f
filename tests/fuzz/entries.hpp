// One function per reader of untrusted bytes: called by libFuzzer, and by the ordinary tests over mutated inputs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace attune::fuzz {

// Each takes any bytes and must neither crash nor hang; what is read must also be consistent, or it aborts.
void npy(std::string_view bytes);
void safetensors(std::string_view bytes);
void records_import(std::string_view bytes);
void shapes(std::string_view bytes);
void ptx(std::string_view bytes);  // what loads is also run, for a bounded number of instructions

struct Target {
  std::string_view name;
  std::function<void(std::string_view)> entry;
  std::vector<std::string> seeds;  // well-formed inputs, from which mutation starts
};
std::vector<Target> targets();

}  // namespace attune::fuzz
