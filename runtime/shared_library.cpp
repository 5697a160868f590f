// dlopen with reasons.
#include "runtime/shared_library.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstring>
#include <filesystem>

namespace attune::runtime {
namespace {

// Where a loaded object begins, and the build id found in its notes.
struct BuildIdSearch {
  const void* address = nullptr;  // of a function of the object
  std::string hex;
};

size_t padded(size_t bytes) { return (bytes + 3) / 4 * 4; }

void read_notes(const std::byte* notes, size_t size, std::string& hex) {
  for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof(header));
    const size_t name = at + sizeof(header), description = name + padded(header.n_namesz);
    if (description + header.n_descsz > size) return;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0) {
      for (size_t n = 0; n < header.n_descsz; ++n) {
        hex += fmt::format("{:02x}", std::to_integer<unsigned>(notes[description + n]));
      }
      return;
    }
    at = description + padded(header.n_descsz);
  }
}

int look_at_object(dl_phdr_info* info, size_t, void* data) {
  auto& search = *static_cast<BuildIdSearch*>(data);
  const auto address = reinterpret_cast<uintptr_t>(search.address);
  bool inside = false;
  for (size_t n = 0; n < info->dlpi_phnum; ++n) {
    const auto& header = info->dlpi_phdr[n];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    inside = inside || (header.p_type == PT_LOAD && address >= begin && address < begin + header.p_memsz);
  }
  if (!inside) return 0;
  for (size_t n = 0; n < info->dlpi_phnum && search.hex.empty(); ++n) {
    const auto& header = info->dlpi_phdr[n];
    if (header.p_type != PT_NOTE) continue;
    read_notes(reinterpret_cast<const std::byte*>(info->dlpi_addr + header.p_vaddr), header.p_memsz, search.hex);
  }
  return 1;
}

}  // namespace

Result<SharedLibrary> SharedLibrary::open_with(const std::string& name, int flags) {
  dlerror();
  if (void* handle = dlopen(name.c_str(), flags); handle != nullptr) return SharedLibrary(handle, name);
  const char* reason = dlerror();
  return Error(Status::load_failed, fmt::format("{} cannot be opened: install it, or name another.", name),
               reason != nullptr ? reason : "not loaded");
}

Result<SharedLibrary> SharedLibrary::open(const std::string& name) { return open_with(name, RTLD_NOW | RTLD_LOCAL); }

Result<SharedLibrary> SharedLibrary::already_loaded(const std::string& name) {
  return open_with(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
}

void* SharedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

std::string SharedLibrary::path(const char* symbol_name) const {
  Dl_info info{};
  const void* address = symbol(symbol_name);
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return name_;
  return info.dli_fname;
}

std::string SharedLibrary::build_id(const char* symbol_name) const {
  BuildIdSearch search{symbol(symbol_name), {}};
  if (search.address != nullptr) dl_iterate_phdr(look_at_object, &search);
  if (!search.hex.empty()) return search.hex.substr(0, 16);
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path(symbol_name), error);
  return error ? "unknown build" : fmt::format("{} bytes", bytes);
}

}  // namespace attune::runtime
