// Which file system a path lives on: SQLite's locks and WAL are only safe on a local one.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "common/files.hpp"

namespace attune {
namespace {

struct Magic {
  uint32_t number;
  std::string_view kind;
  bool network;
};

// Numbers from statfs(2) and linux/magic.h; several of them have no macro in the headers of the distribution.
constexpr std::array magics = {
    Magic{0x0000ef53, "ext4", false},     Magic{0x58465342, "xfs", false},   Magic{0x9123683e, "btrfs", false},
    Magic{0xf2f52010, "f2fs", false},     Magic{0x2fc12fc1, "zfs", false},   Magic{0xca451a4e, "bcachefs", false},
    Magic{0x01021994, "tmpfs", false},    Magic{0x858458f6, "ramfs", false}, Magic{0x794c7630, "overlay", false},
    Magic{0x73717368, "squashfs", false}, Magic{0x00004d44, "vfat", false},  Magic{0x2011bab0, "exfat", false},
    Magic{0x5346544e, "ntfs", false},     Magic{0x7366746e, "ntfs3", false}, Magic{0x0000f15f, "ecryptfs", false},
    Magic{0x00009660, "iso9660", false},  Magic{0x00009fa0, "proc", false},  Magic{0x62656572, "sysfs", false},
    Magic{0x00006969, "nfs", true},       Magic{0xff534d42, "cifs", true},   Magic{0xfe534d42, "smb2", true},
    Magic{0x0000517b, "smb", true},       Magic{0x0bd00bd0, "lustre", true}, Magic{0x47504653, "gpfs", true},
    Magic{0x00c36400, "ceph", true},      Magic{0x01021997, "9p", true},     Magic{0x5346414f, "afs", true},
    Magic{0x73757245, "coda", true},      Magic{0x7461636f, "ocfs2", true},  Magic{0x01161970, "gfs2", true},
    Magic{0x19830326, "beegfs", true},    Magic{0xaad7aaea, "panfs", true},  Magic{0x20030528, "orangefs", true},
    Magic{0x65735546, "fuse", true},
};

// FUSE carries both: what is behind it stands in the mount table only ("fuse.sshfs", "fuse.fuse-overlayfs", "virtiofs").
std::string mounted_kind(const std::filesystem::path& path) {
  struct stat info{};
  const auto table = read_file("/proc/self/mountinfo");
  if (!table.ok() || ::stat(path.c_str(), &info) != 0) return "fuse";
  const std::string device = fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
  std::istringstream lines(*table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, number, field;
    fields >> id >> parent >> number;
    if (number != device) continue;
    while (fields >> field && field != "-") {
    }
    if (fields >> field) return field;
  }
  return "fuse";
}

bool is_local_fuse(std::string_view kind) {
  constexpr std::array<std::string_view, 8> local = {"fuseblk",      "fuse.fuse-overlayfs", "fuse.ntfs-3g",   "fuse.lxcfs",
                                                     "fuse.unionfs", "fuse.mergerfs",       "fuse.gocryptfs", "fuse.encfs"};
  return std::find(local.begin(), local.end(), kind) != local.end();
}

}  // namespace

FileSystem file_system_of(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path existing = std::filesystem::absolute(path, error);
  if (error) existing = path;
  struct statfs info{};
  while (::statfs(existing.c_str(), &info) != 0) {
    const auto parent = existing.parent_path();
    if (parent == existing || parent.empty()) return {"unknown", false};
    existing = parent;
  }
  const auto number = static_cast<uint32_t>(info.f_type);
  const auto* known = std::find_if(magics.begin(), magics.end(), [&](const Magic& magic) { return magic.number == number; });
  if (known == magics.end()) return {fmt::format("{:#x}", number), false};
  if (known->kind != "fuse") return {std::string(known->kind), known->network};
  const std::string kind = mounted_kind(existing);
  return {kind, !is_local_fuse(kind)};
}

}  // namespace attune
