// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/channel/connection.h"
#include "protocol/channel/worker_state.h"

// What daemon, worker and command line say to each other over Unix sockets: one request, one answer, in frames of
// u32 length (big-endian) ‖ Protobuf (protocol/channel/channel.proto), at most kFrameMost octets, parsed strictly.
namespace keyferry::channel {

// ---- to a worker ----

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

// Serves connections until `stop_fd` is readable, then finishes what is in hand and returns. Each connection has a
// thread of its own; one Execute runs at a time, State and OpenLatch are answered meanwhile. Status is called once at a
// time.
Status ServeWorker(Listener& listener, WorkerService& service, const std::vector<unsigned>& users, int stop_fd);
Status ServeControl(Listener& listener, ControlService& service, int stop_fd);

// ---- clients ----

class WorkerClient {
 public:
  explicit WorkerClient(std::string path) : path_(std::move(path)) {}
  // Keeps its connection between calls. State and OpenLatch connect again once where it was lost. Execute does not: a
  // worker that was started again may have another ledger, so whoever looked at its state looks again
  // (Code::kWorkerNotRunning).
  Result<ExecuteAnswer> Execute(ByteView envelope, std::chrono::milliseconds deadline);
  Result<WorkerState> State(std::chrono::milliseconds deadline);
  Status OpenLatch(std::chrono::milliseconds deadline);

 private:
  Result<Bytes> Ask(ByteView request, std::chrono::milliseconds deadline, bool reconnect);

  std::string path_;
  std::optional<Connection> connection_;
};

Result<std::string> AskStatus(const std::string& control_path, std::chrono::milliseconds deadline);

}  // namespace keyferry::channel
