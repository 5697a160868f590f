// Writes the seed corpus: DIRECTORY/TARGET/N for every target.
#include <cstdio>
#include <filesystem>
#include <string>

#include "common/files.hpp"
#include "tests/fuzz/entries.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 1;
  }
  for (const auto& target : attune::fuzz::targets()) {
    const auto directory = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(directory);
    for (size_t i = 0; i < target.seeds.size(); ++i) {
      const auto written = attune::write_file_atomically(directory / std::to_string(i), target.seeds[i]);
      if (!written) {
        std::fprintf(stderr, "fuzz_seeds: %s\n", written.error().message().c_str());
        return 2;
      }
    }
  }
  return 0;
}
