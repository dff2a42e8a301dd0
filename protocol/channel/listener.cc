// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "protocol/base/log.h"
#include "protocol/channel/channel.h"
#include "protocol/channel/socket_address.h"

namespace keyferry::channel {
namespace {

constexpr int kBacklog = 16;

// Removes a socket that nobody listens at; leaves everything else alone.
Status RemoveDeadSocket(const std::string& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) {
    return std::unexpected(Error::Make(Code::kFileExists, "'" + path + "' is there and is no socket"));
  }
  if (Connection::Connect(path, Code::kWorkerNotRunning)) {
    return std::unexpected(Error::Make(Code::kLocked, "another process listens at '" + path + "'"));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "removing the dead socket '" + path + "'"));
  }
  return {};
}

bool MayConnect(int fd, const std::vector<unsigned>& users) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  const bool known = peer.uid == 0 || peer.uid == geteuid() || std::ranges::find(users, peer.uid) != users.end();
  if (!known) Log(LogLevel::kWarning, "connection of a stranger was closed", {{"uid", unsigned{peer.uid}}});
  return known;
}

}  // namespace

Result<Listener> Listener::Bind(const std::string& path, unsigned mode) {
  KF_TRY(const SocketAddress address, MakeAddress(path));
  if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0 && !Exists(path.substr(0, slash))) {
    KF_CHECK_WITH(MakeDirectories(path.substr(0, slash), 0755), "directory of a socket");
  }
  KF_CHECK(RemoveDeadSocket(path));
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return std::unexpected(Error::FromErrno(Code::kSystem, "making a Unix socket"));
  // The mode is set before listen: nobody connects while it is wider than asked.
  if (bind(fd.get(), address.get(), sizeof(address.address)) != 0 || chmod(path.c_str(), mode) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "listening at '" + path + "'"));
  }
  return Listener(std::move(fd), path);
}

Listener::~Listener() {
  if (fd_.valid()) unlink(path_.c_str());
}

Listener::Listener(Listener&& other) noexcept = default;

Result<std::optional<Connection>> Listener::TryAccept(const std::vector<unsigned>& users) {
  while (true) {
    UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.valid()) {
      if (MayConnect(fd.get(), users)) return Connection(std::move(fd));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return std::nullopt;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return std::unexpected(Error::FromErrno(Code::kSystem, "accepting a connection at '" + path_ + "'"));
    }
  }
}

Result<Connection> Listener::Accept(const std::vector<unsigned>& users) {
  while (true) {
    KF_TRY(auto connection, TryAccept(users));
    if (connection) return std::move(*connection);
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    poll(&waiting, 1, -1);
  }
}

}  // namespace keyferry::channel
