// Where NVRTC is looked for, in which order, and what was found: one binary runs wherever CUDA was put.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cuda/nvrtc.hpp"
#include "runtime/device.hpp"
#include "runtime/shared_library.hpp"

namespace attune::runtime {

struct NvrtcSearch {
  std::shared_ptr<const Nvrtc> library;  // null: none was found
  std::vector<LibraryProbe> probes;      // every place, in order; those after the one that was used are not looked at
  // no_compiler, with a next step.
  Error missing() const;
};

// The order: the option (then nothing else is looked at: a user who names a compiler gets that one or an error), the
// process itself, pip wheels (of the virtual environment, of each Python on the PATH, of the user), conda, the system's
// loader, CUDA_HOME or CUDA_PATH, /usr/local/cuda*. `option` is the library, a folder that holds it, or "none". NVRTC of a
// newer major than `newest_major` is passed over: the driver could not load what it makes.
NvrtcSearch find_nvrtc(const std::string& option, const LibraryPlaces& places, int newest_major = Nvrtc::newest_major);

// The folders of the search that are not the loader's, in order. Of Python's packages those of environments that exist.
struct NvrtcFolder {
  std::string place;
  std::filesystem::path folder;
};
std::vector<NvrtcFolder> nvrtc_folders(const LibraryPlaces& places);

}  // namespace attune::runtime
