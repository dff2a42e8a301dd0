// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/channel/channel.h"
#include "protocol/channel/socket_address.h"

namespace keyferry::channel {
namespace {

using Clock = std::chrono::steady_clock;

Error Closed() { return Error::Caused(Code::kSystem, "Unix socket", "the other side closed the connection"); }

// Waits until `events` or an error is there; errors are left to the call that follows.
Status WaitFor(int fd, short events, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return std::unexpected(Error::FromErrno(Code::kSystem, "waiting on a Unix socket"));
    if (Clock::now() >= until) {
      return std::unexpected(Error::Make(Code::kDeadlinePassed, "no answer on the Unix socket in time")
                                 .NextStep("see whether the process at the other end is busy or hangs"));
    }
  }
}

Status SendAll(int fd, ByteView octets, Clock::time_point until) {
  while (!octets.empty()) {
    const ssize_t sent = send(fd, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      octets = octets.subspan(static_cast<std::size_t>(sent));
    } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      KF_CHECK(WaitFor(fd, POLLOUT, until));
    } else if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      return std::unexpected(Closed());
    } else if (sent < 0 && errno != EINTR) {
      return std::unexpected(Error::FromErrno(Code::kSystem, "writing to a Unix socket"));
    }
  }
  return {};
}

Status ReceiveAll(int fd, std::span<std::uint8_t> into, Clock::time_point until) {
  while (!into.empty()) {
    const ssize_t got = recv(fd, into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (got == 0 || errno == ECONNRESET) {
      return std::unexpected(Closed());
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      KF_CHECK(WaitFor(fd, POLLIN, until));
    } else if (errno != EINTR) {
      return std::unexpected(Error::FromErrno(Code::kSystem, "reading from a Unix socket"));
    }
  }
  return {};
}

}  // namespace

Result<SocketAddress> MakeAddress(const std::string& path) {
  SocketAddress made{};
  made.address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(made.address.sun_path)) {
    return std::unexpected(Error::Make(Code::kSettingsInvalid, "socket path '" + Printable(path) +
                                                                   "' must have 1 to 107 octets, as Unix sockets do")
                               .NextStep("choose a shorter directory for the socket"));
  }
  std::ranges::copy(path, made.address.sun_path);
  return made;
}

Result<Connection> Connection::Connect(const std::string& path, Code absent) {
  KF_TRY(const SocketAddress address, MakeAddress(path));
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return std::unexpected(Error::FromErrno(Code::kSystem, "making a Unix socket"));
  if (connect(fd.get(), address.get(), sizeof(address.address)) != 0) {
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
    return std::unexpected(Error::FromErrno(nobody ? absent : Code::kSystem, "nobody answers at '" + path + "'"));
  }
  return Connection(std::move(fd));
}

Status Connection::Send(ByteView frame, std::chrono::milliseconds deadline) {
  if (frame.size() > kFrameMost) {
    return std::unexpected(Error::Make(Code::kWireTooLarge, "a frame of " + std::to_string(frame.size()) +
                                                                " octets is too large for the Unix socket"));
  }
  const auto until = Clock::now() + deadline;
  Bytes octets;
  octets.reserve(frame.size() + 4);
  AppendU32(octets, static_cast<std::uint32_t>(frame.size()));
  octets.insert(octets.end(), frame.begin(), frame.end());
  return SendAll(fd_.get(), octets, until);
}

Result<Bytes> Connection::Receive(std::chrono::milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  std::array<std::uint8_t, 4> length{};
  KF_CHECK(ReceiveAll(fd_.get(), length, until));
  const std::size_t size = ReadU32(length);
  if (size > kFrameMost) {
    return std::unexpected(Error::Make(
        Code::kWireTooLarge, "a frame of " + std::to_string(size) + " octets was announced on a Unix socket"));
  }
  Bytes frame(size);
  KF_CHECK(ReceiveAll(fd_.get(), frame, until));
  return frame;
}

}  // namespace keyferry::channel
