// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/file.h"

// The transport under channel.h: Unix stream sockets that carry frames.
namespace keyferry::channel {

inline constexpr std::size_t kFrameMost = 2 * 1024 * 1024;

// A connected Unix stream socket. Calls end at `deadline` with Code::kDeadlinePassed.
class Connection {
 public:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}
  // Code::kWorkerNotRunning or the `absent` code given where nobody listens.
  static Result<Connection> Connect(const std::string& path, Code absent);

  Status Send(ByteView frame, std::chrono::milliseconds deadline);
  Result<Bytes> Receive(std::chrono::milliseconds deadline);
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

// Listens at a path (mode 0600, or 0660 where a group is to reach it); replaces a dead socket, refuses a live one with
// Code::kLocked.
class Listener {
 public:
  static Result<Listener> Bind(const std::string& path, unsigned mode);
  ~Listener();
  Listener(Listener&&) noexcept;
  int fd() const { return fd_.get(); }  // not blocking
  // The next connection whose peer (SO_PEERCRED) is root, this process's user, or in `users`; others are closed at
  // once.
  Result<Connection> Accept(const std::vector<unsigned>& users = {});
  // The same without waiting: nullopt where none is there.
  Result<std::optional<Connection>> TryAccept(const std::vector<unsigned>& users = {});

 private:
  Listener(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

}  // namespace keyferry::channel
