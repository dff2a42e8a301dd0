// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/file.h"
#include "protocol/base/item.h"

// What daemon, worker and command line say to each other over Unix sockets: one request, one answer, in frames of
// u32 length (big-endian) ‖ Protobuf (protocol/channel/channel.proto), at most kFrameMost octets, parsed strictly.
namespace keyferry::channel {

inline constexpr std::size_t kFrameMost = 2 * 1024 * 1024;

// ---- to a worker ----

enum class WorkerCondition : std::uint8_t {
  kStarting = 1,
  kServing = 2,
  kNotBootstrapped = 3,
  kLatched = 4,  // a PIN was refused; no further try until the latch is opened
  kHsmAway = 5,  // token missing or failing; tried again by itself
  kStopped = 6,  // root key or record differ, ledger unreadable: needs an operator
};
std::string_view Name(WorkerCondition value);  // "serving", "not-bootstrapped", …

struct WorkerState {
  WorkerCondition condition = WorkerCondition::kStarting;
  std::string code;     // stable name where the condition is an error's
  std::string message;  // three lines of it, for people
  std::string domain_name;
  std::optional<Id16> domain;
  std::uint32_t generation = 0;
  std::string token_label, token_serial, token_model;
  bool template_enforced = false;
  std::uint64_t executed = 0;       // bundles since start
  std::uint64_t last_sequence = 0;  // highest in the ledger, over all signers
  std::uint64_t objects = 0;        // that the ledger holds
  std::uint64_t recovered_sessions = 0, recovered_logins = 0, recovered_modules = 0;  // rungs of the recovery ladder
};

enum class Disposition : std::uint8_t {
  kConcluded = 1,  // `statement` and `signature` are the outcome, final
  kRetry = 2,      // nothing concluded: ask again after `retry_after_ms` (HSM away, uncertain)
  kRefused = 3,    // the worker will not execute it and signs nothing (it is not authentic, or not for this domain)
};

struct ExecuteAnswer {
  Disposition disposition = Disposition::kRefused;
  Bytes statement;
  Bytes signature;
  std::uint32_t retry_after_ms = 0;
  std::string code;
  std::string message;
};

// The worker's side, implemented by targets/worker. Execute is called once at a time; State and OpenLatch may be called
// on other threads while it runs.
class WorkerService {
 public:
  virtual ~WorkerService() = default;
  virtual ExecuteAnswer Execute(const Bytes& envelope) = 0;
  virtual WorkerState State() = 0;
  // Opens the PIN latch; the next start of the token tries once.
  virtual Status OpenLatch() = 0;
};

// ---- to the daemon's control socket ----

// Answers one command line request ("status") with JSON text; implemented by agent/daemon.
class ControlService {
 public:
  virtual ~ControlService() = default;
  virtual std::string Status() = 0;  // JSON
};

// ---- transport ----

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

// Serves connections until `stop_fd` is readable, then finishes what is in hand and returns. Each connection has a
// thread of its own; one Execute runs at a time, State and OpenLatch are answered meanwhile. Status is called once at a
// time.
Status ServeWorker(Listener& listener, WorkerService& service, const std::vector<unsigned>& users, int stop_fd);
Status ServeControl(Listener& listener, ControlService& service, int stop_fd);

// ---- clients ----

class WorkerClient {
 public:
  explicit WorkerClient(std::string path) : path_(std::move(path)) {}
  // Keeps its connection between calls, connects again once where it was lost.
  Result<ExecuteAnswer> Execute(ByteView envelope, std::chrono::milliseconds deadline);
  Result<WorkerState> State(std::chrono::milliseconds deadline);
  Status OpenLatch(std::chrono::milliseconds deadline);

 private:
  Result<Bytes> Ask(ByteView request, std::chrono::milliseconds deadline);

  std::string path_;
  std::optional<Connection> connection_;
};

Result<std::string> AskStatus(const std::string& control_path, std::chrono::milliseconds deadline);

}  // namespace keyferry::channel
