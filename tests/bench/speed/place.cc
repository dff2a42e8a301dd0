// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/speed/place.h"

#include <sys/vfs.h>

#include <linux/magic.h>

#include <cstdio>
#include <utility>

namespace keyferry::bench {

std::string_view Name(Runner runner) {
  switch (runner) {
    case Runner::kProduct:
      return "product";
    case Runner::kNaive:
      return "naive";
    case Runner::kBest:
      return "best";
    case Runner::kChecked:
      return "checked";
  }
  return "";
}

Result<std::string> FileSystemOf(const std::string& directory) {
  constexpr std::pair<unsigned long, const char*> kKnown[] = {{EXT4_SUPER_MAGIC, "ext2/3/4"},
                                                              {TMPFS_MAGIC, "tmpfs"},
                                                              {XFS_SUPER_MAGIC, "xfs"},
                                                              {BTRFS_SUPER_MAGIC, "btrfs"},
                                                              {OVERLAYFS_SUPER_MAGIC, "overlay"}};
  struct statfs facts{};
  if (statfs(directory.c_str(), &facts) != 0) {
    return std::unexpected(
        Error::FromErrno(Code::kFileUnreadable, "cannot see the file system of '" + directory + "'"));
  }
  const auto magic = static_cast<unsigned long>(facts.f_type);
  for (const auto& [number, name] : kKnown) {
    if (number == magic) return name;
  }
  char text[32];
  std::snprintf(text, sizeof text, "0x%lx", magic);
  return text;
}

}  // namespace keyferry::bench
