// Files and directories: the only place that talks to the file system's POSIX side.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace attune {

Result<std::string> read_file(const std::filesystem::path& path);

// Private temporary file in the same directory, fsync, rename, fsync of the directory: readers see the old bytes or the
// new ones, never a part, also after a crash.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Creates `path` (and missing parents) with mode 0700. An existing directory must belong to this user and must not be
// writable by group or others; otherwise an error that names the chmod to run.
Result<void> ensure_private_directory(const std::filesystem::path& path);

bool is_writable_directory(const std::filesystem::path& path);

struct FileSystem {
  std::string kind;      // "ext4", "overlay", "nfs", "tmpfs", ... or the magic number in hex
  bool network = false;  // NFS, CIFS/SMB, Lustre, GPFS, CephFS, 9p, FUSE-based network mounts
};
// Of the nearest existing ancestor of `path`.
FileSystem file_system_of(const std::filesystem::path& path);

}  // namespace attune
