// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"

namespace keyferry {

// Owns a file descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { Reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();

 private:
  int fd_ = -1;
};

// Reads a regular file of at most `most` octets: Code::kFileMissing, kFileUnreadable, kFileTooLarge.
Result<Bytes> ReadFile(const std::string& path, std::size_t most);
// The same into locked memory, for files that hold a secret; one trailing newline is dropped where `text`.
// Code::kFileModeUnsafe where others than the owner may read it; below $CREDENTIALS_DIRECTORY (systemd) the group's
// bits are the mask of an ACL and do not count.
Result<Secret> ReadSecretFile(const std::string& path, std::size_t most, bool text);
// The same whoever may read the file, which `is_private` tells: for files that hold a secret only perhaps.
Result<Secret> ReadLockedFile(const std::string& path, std::size_t most, bool& is_private);
// Reads a descriptor up to its end or a newline: a PIN handed over by another process.
Result<Secret> ReadSecretLine(int fd, std::size_t most);

// Replaces a file so that after a crash either the old or the new content is there: temporary file in the same
// directory, fsync, rename, fsync of the directory. `mode` as for chmod. Code::kFileUnwritable.
Status WriteDurably(const std::string& path, ByteView data, mode_t mode);
Status WriteSecretDurably(const std::string& path, const Secret& data, mode_t mode);
// As WriteDurably, but Code::kFileExists where the path is taken.
Status CreateDurably(const std::string& path, ByteView data, mode_t mode);
Status RemoveDurably(const std::string& path);
// With parents; an existing directory is fine.
Status MakeDirectories(const std::string& path, mode_t mode);
bool Exists(const std::string& path);

// An exclusive lock (flock) on a file, held for the life of the object. Code::kLocked where another process holds it:
// the message names its process id.
class LockFile {
 public:
  static Result<LockFile> Acquire(const std::string& path);

 private:
  explicit LockFile(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace keyferry
