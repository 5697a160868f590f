// Folders are looked at without running anything: no Python, no nvcc, no shell.
#include "runtime/cuda/nvrtc_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace attune::runtime {
namespace {

namespace fs = std::filesystem;

// Below a site-packages folder. Wheels of CUDA 12 carry one package a library, those of 13 share a folder.
constexpr std::array<std::string_view, 3> wheel_folders = {"nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib", "nvidia/cu12/lib"};

// Names of the library, the newest major first. The plain name is a toolkit's link, and last: it may be of any major.
std::vector<std::string> file_names(int newest_major) {
  std::vector<std::string> names;
  for (int major = newest_major; major >= Nvrtc::oldest_major; --major) {
    names.push_back(fmt::format("libnvrtc.so.{}", major));
  }
  names.emplace_back("libnvrtc.so");
  return names;
}

// Entries of a folder whose name begins with `prefix`, sorted from the last to the first: python3.12 before python3.9 would
// need more, but which of two interpreters is asked first does not matter.
std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end; item.increment(error)) {
    if (item->path().filename().string().starts_with(prefix)) found.push_back(item->path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

std::vector<fs::path> site_folders(const fs::path& prefix) {
  std::vector<fs::path> found;
  for (const fs::path& python : entries(prefix / "lib", "python3")) {
    for (const char* site : {"site-packages", "dist-packages"}) {
      std::error_code error;
      if (fs::is_directory(python / site, error)) found.push_back(python / site);
    }
  }
  return found;
}

class Folders {
 public:
  void add(std::string_view place, const fs::path& folder) {
    const fs::path plain = folder.lexically_normal();
    if (seen_.insert(plain).second) folders_.push_back({std::string(place), plain});
  }
  void add_wheels(std::string_view place, const fs::path& prefix) {
    for (const fs::path& site : site_folders(prefix)) {
      for (const std::string_view folder : wheel_folders) add(place, site / folder);
    }
  }
  std::vector<NvrtcFolder> take() { return std::move(folders_); }

 private:
  std::vector<NvrtcFolder> folders_;
  std::set<fs::path> seen_;
};

std::vector<fs::path> path_folders(std::string_view path) {
  std::vector<fs::path> folders;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) folders.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

void add_wheel_folders(Folders& folders, const LibraryPlaces& places) {
  std::error_code error;
  if (!places.virtual_env.empty()) folders.add_wheels("pip wheel (VIRTUAL_ENV)", places.virtual_env);
  for (const fs::path& folder : path_folders(places.path)) {
    if (!fs::exists(folder / "python3", error)) continue;
    folders.add_wheels("pip wheel (python3 on the PATH)", folder.parent_path());
    // A link to the interpreter leads to the folder whose packages it sees; a virtual environment's own come first.
    const fs::path real = fs::canonical(folder / "python3", error);
    if (!error) folders.add_wheels("pip wheel (python3 on the PATH)", real.parent_path().parent_path());
  }
  if (!places.home.empty()) folders.add_wheels("pip wheel (user)", fs::path(places.home) / ".local");
}

class Searching {
 public:
  explicit Searching(int newest_major) : newest_major_(newest_major) {}

  bool done() const { return search_.library != nullptr; }

  // A name that the loader resolves, or a file.
  void open(std::string_view place, const std::string& name) { take(place, name, Nvrtc::open(name)); }

  void look_in_process() {
    for (const std::string& name : file_names(newest_major_)) {
      if (!done()) take("the process", name, Nvrtc::already_loaded(name));
    }
  }

  void look_in_loader() {
    for (const std::string& name : file_names(newest_major_)) {
      if (!done()) open("system loader", name);
    }
  }

  void look_in_folder(std::string_view place, const fs::path& folder) {
    if (done()) return;
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      note(place, folder.string(), "no such folder");
      return;
    }
    bool any = false;
    for (const std::string& name : file_names(newest_major_)) {
      if (done() || !fs::exists(folder / name, error)) continue;
      any = true;
      open(place, (folder / name).string());
    }
    if (!any) note(place, folder.string(), "no libnvrtc.so in it");
  }

  void note(std::string_view place, std::string path, std::string outcome) {
    search_.probes.push_back({std::string(place), std::move(path), std::move(outcome), false});
  }

  NvrtcSearch finish() { return std::move(search_); }

 private:
  void take(std::string_view place, const std::string& name, Result<std::shared_ptr<const Nvrtc>> opened) {
    if (!opened.ok()) {
      const Error& error = opened.error();
      note(place, name, error.status() == Status::load_failed && !error.log().empty() ? error.log() : error.message());
      return;
    }
    const Nvrtc& nvrtc = **opened;
    if (nvrtc.major() > newest_major_) {
      note(place, nvrtc.path(), fmt::format("NVRTC {}, but the driver only knows CUDA {}", nvrtc.version(), newest_major_));
      return;
    }
    note(place, nvrtc.path(), fmt::format("NVRTC {}", nvrtc.version()));
    search_.probes.back().used = true;
    search_.library = *std::move(opened);
  }

  int newest_major_;
  NvrtcSearch search_;
};

}  // namespace

std::vector<NvrtcFolder> nvrtc_folders(const LibraryPlaces& places) {
  Folders folders;
  add_wheel_folders(folders, places);
  if (!places.conda_prefix.empty()) {
    folders.add("conda", fs::path(places.conda_prefix) / "lib");
    folders.add_wheels("conda", places.conda_prefix);
  }
  if (!places.cuda_home.empty()) {
    folders.add("CUDA_HOME", fs::path(places.cuda_home) / "lib64");
    folders.add("CUDA_HOME", fs::path(places.cuda_home) / "lib");
  }
  folders.add("toolkit", "/usr/local/cuda/lib64");
  for (const fs::path& toolkit : entries("/usr/local", "cuda-")) folders.add("toolkit", toolkit / "lib64");
  return folders.take();
}

NvrtcSearch find_nvrtc(const std::string& option, const LibraryPlaces& places, int newest_major) {
  Searching searching(newest_major);
  if (option == "none") {
    searching.note("option", option, "switched off");
    return searching.finish();
  }
  if (!option.empty()) {
    std::error_code error;
    if (fs::is_directory(option, error)) {
      searching.look_in_folder("option", option);
    } else {
      searching.open("option", option);
    }
    return searching.finish();
  }
  searching.look_in_process();
  bool loader_asked = false;
  for (const NvrtcFolder& folder : nvrtc_folders(places)) {
    const bool toolkit = folder.place == "CUDA_HOME" || folder.place == "toolkit";
    if (toolkit && !loader_asked) {
      searching.look_in_loader();
      loader_asked = true;
    }
    searching.look_in_folder(folder.place, folder.folder);
    if (searching.done()) break;
  }
  return searching.finish();
}

Error NvrtcSearch::missing() const {
  if (probes.size() == 1 && probes.front().place == "option" && probes.front().path == "none") {
    return {Status::no_compiler, "NVRTC is switched off (ATTUNE_NVRTC or nvrtc is 'none'): unset it to compile CUDA C++."};
  }
  std::string log;
  for (const LibraryProbe& probe : probes) log += fmt::format("{}: {}: {}\n", probe.place, probe.path, probe.outcome);
  if (!probes.empty() && probes.front().place == "option") {
    return {Status::no_compiler,
            fmt::format("NVRTC cannot be used from '{}' ({}): correct ATTUNE_NVRTC or the option nvrtc, or unset it.",
                        probes.front().path, probes.front().outcome),
            std::move(log)};
  }
  return {
      Status::no_compiler,
      "NVRTC was not found: install the Python package nvidia-cuda-nvrtc or a CUDA toolkit of version 12 or newer, or name "
      "the library with ATTUNE_NVRTC. `attune doctor` lists where it was looked for.",
      std::move(log)};
}

}  // namespace attune::runtime
