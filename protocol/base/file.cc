// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace keyferry {
namespace {

std::string Quoted(const std::string& path) { return "'" + Printable(path, 512) + "'"; }

std::string DirectoryOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Octets read, fewer than asked for at the end of the file; -1 with errno.
ssize_t ReadFully(int fd, std::span<std::uint8_t> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = read(fd, into.data() + done, into.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

bool WriteFully(int fd, ByteView data) {
  while (!data.empty()) {
    const ssize_t put = write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

Status SyncDirectory(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot sync directory " + Quoted(path)));
  }
  return {};
}

// A regular file, opened for reading, that is not larger than was allowed.
struct OpenFile {
  UniqueFd fd;
  std::size_t size;
  mode_t mode;
};

Error TooLarge(const std::string& path, std::size_t most) {
  return Error::Make(Code::kFileTooLarge,
                     "file " + Quoted(path) + " has more than " + std::to_string(most) + " octets");
}

Result<OpenFile> OpenToRead(const std::string& path, std::size_t most) {
  // O_NONBLOCK: a FIFO in the file's place must not hold this process up.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return std::unexpected(missing ? Error::FromErrno(Code::kFileMissing, "there is no file " + Quoted(path))
                                   : Error::FromErrno(Code::kFileUnreadable, "cannot open file " + Quoted(path)));
  }
  struct stat facts = {};
  if (fstat(fd.get(), &facts) != 0) {
    return std::unexpected(Error::FromErrno(Code::kFileUnreadable, "cannot look at file " + Quoted(path)));
  }
  if (!S_ISREG(facts.st_mode)) {
    return std::unexpected(
        Error::Make(Code::kFileUnreadable, Quoted(path) + " is not a regular file").NextStep("name a regular file"));
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > most) return std::unexpected(TooLarge(path, most));
  return OpenFile{std::move(fd), size, facts.st_mode};
}

// systemd gives a service its credentials by an ACL, whose mask shows as the group's bits.
bool IsCredential(const std::string& path) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory != nullptr && *directory == '/' && path.starts_with(std::string(directory) + "/") &&
         path.find("/../") == std::string::npos;
}

Error ReadFailed(const std::string& path) {
  return Error::FromErrno(Code::kFileUnreadable, "cannot read file " + Quoted(path));
}

// The content under a name of its own in the path's directory, synced; the caller renames or links it, then removes it.
Result<std::string> WriteAside(const std::string& path, ByteView data, mode_t mode) {
  std::string aside = path + ".new-XXXXXX";
  const UniqueFd fd(mkostemp(aside.data(), O_CLOEXEC));
  if (!fd.valid()) {
    return std::unexpected(
        Error::FromErrno(Code::kFileUnwritable, "cannot write in directory " + Quoted(DirectoryOf(path))));
  }
  if (fchmod(fd.get(), mode) != 0 || !WriteFully(fd.get(), data) || fsync(fd.get()) != 0) {
    auto error = Error::FromErrno(Code::kFileUnwritable, "cannot write file " + Quoted(path));
    unlink(aside.c_str());
    return std::unexpected(std::move(error));
  }
  return aside;
}

Status MakeDirectory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0) {
    struct stat facts = {};
    const int reason = errno;
    if (reason == EEXIST && stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) return {};
    errno = reason;
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot make directory " + Quoted(path)));
  }
  // The process's umask may have taken bits away.
  if (chmod(path.c_str(), mode) != 0) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot set the mode of directory " + Quoted(path)));
  }
  return SyncDirectory(DirectoryOf(path));
}

std::string HolderOf(int fd) {
  std::array<std::uint8_t, 20> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  const std::string_view digits = AsText(ByteView(text.data(), static_cast<std::size_t>(size)));
  return "process " + Printable(digits.substr(0, digits.find('\n')));
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::Reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Result<Bytes> ReadFile(const std::string& path, std::size_t most) {
  KF_TRY(const OpenFile file, OpenToRead(path, most));
  // One more than the size, to notice a file that grows under our hands.
  Bytes data(file.size + 1);
  const ssize_t got = ReadFully(file.fd.get(), data);
  if (got < 0) return std::unexpected(ReadFailed(path));
  if (static_cast<std::size_t>(got) > most) return std::unexpected(TooLarge(path, most));
  data.resize(static_cast<std::size_t>(got));
  return data;
}

Result<Secret> ReadSecretFile(const std::string& path, std::size_t most, bool text) {
  bool is_private = false;
  KF_TRY(Secret secret, ReadLockedFile(path, most, is_private));
  if (!is_private) {
    return std::unexpected(Error::Make(Code::kFileModeUnsafe, "others than its owner may read " + Quoted(path)));
  }
  if (text && !secret.empty() && secret.Expose().back() == '\n') secret.Shrink(secret.size() - 1);
  return secret;
}

Result<Secret> ReadLockedFile(const std::string& path, std::size_t most, bool& is_private) {
  KF_TRY(const OpenFile file, OpenToRead(path, most));
  is_private = (file.mode & (IsCredential(path) ? 0007U : 0077U)) == 0;
  KF_TRY(Secret secret, Secret::Allocate(file.size + 1));
  const ssize_t got = ReadFully(file.fd.get(), secret.ExposeMutable());
  if (got < 0) return std::unexpected(ReadFailed(path));
  const auto size = static_cast<std::size_t>(got);
  if (size > most) return std::unexpected(TooLarge(path, most));
  secret.Shrink(size);
  return secret;
}

Result<Secret> ReadSecretLine(int fd, std::size_t most) {
  KF_TRY(Secret secret, Secret::Allocate(most + 1));
  std::size_t size = 0;
  while (size <= most) {
    // An octet at a time: what follows the line belongs to somebody else.
    const ssize_t got = ReadFully(fd, secret.ExposeMutable().subspan(size, 1));
    if (got < 0)
      return std::unexpected(
          Error::FromErrno(Code::kFileUnreadable, "cannot read a secret from descriptor " + std::to_string(fd))
              .NextStep("open it for the program: --pin-fd 3 3<FILE"));
    if (got == 0 || secret.Expose()[size] == '\n') {
      secret.Shrink(size);
      return secret;
    }
    ++size;
  }
  return std::unexpected(
      Error::Make(Code::kFileTooLarge, "a secret handed over has more than " + std::to_string(most) + " octets"));
}

Status WriteDurably(const std::string& path, ByteView data, mode_t mode) {
  KF_TRY(const std::string aside, WriteAside(path, data, mode));
  if (std::rename(aside.c_str(), path.c_str()) != 0) {
    auto error = Error::FromErrno(Code::kFileUnwritable, "cannot replace file " + Quoted(path));
    unlink(aside.c_str());
    return std::unexpected(std::move(error));
  }
  return SyncDirectory(DirectoryOf(path));
}

Status WriteSecretDurably(const std::string& path, const Secret& data, mode_t mode) {
  return WriteDurably(path, data.Expose(), mode);
}

Status CreateDurably(const std::string& path, ByteView data, mode_t mode) {
  KF_TRY(const std::string aside, WriteAside(path, data, mode));
  // link(2), unlike rename(2), leaves what is there alone.
  const bool linked = link(aside.c_str(), path.c_str()) == 0;
  const int reason = errno;
  unlink(aside.c_str());
  if (!linked) {
    errno = reason;
    return std::unexpected(reason == EEXIST
                               ? Error::Make(Code::kFileExists, "file " + Quoted(path) + " exists already")
                               : Error::FromErrno(Code::kFileUnwritable, "cannot make file " + Quoted(path)));
  }
  return SyncDirectory(DirectoryOf(path));
}

Status RemoveDurably(const std::string& path) {
  if (unlink(path.c_str()) != 0) {
    return std::unexpected(errno == ENOENT
                               ? Error::FromErrno(Code::kFileMissing, "there is no file " + Quoted(path))
                               : Error::FromErrno(Code::kFileUnwritable, "cannot remove file " + Quoted(path)));
  }
  return SyncDirectory(DirectoryOf(path));
}

Status MakeDirectories(const std::string& path, mode_t mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (!Exists(parent)) KF_CHECK(MakeDirectory(parent, mode));
  }
  return MakeDirectory(path, mode);
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<LockFile> LockFile::Acquire(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot open lock file " + Quoted(path)));
  }
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot lock file " + Quoted(path)));
    }
    return std::unexpected(Error::Make(Code::kLocked, "lock " + Quoted(path) + " is held by " + HolderOf(fd.get())));
  }
  const std::string holder = std::to_string(getpid()) + "\n";
  if (ftruncate(fd.get(), 0) != 0 || !WriteFully(fd.get(), AsBytes(holder))) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "cannot write lock file " + Quoted(path)));
  }
  return LockFile(std::move(fd));
}

}  // namespace keyferry
