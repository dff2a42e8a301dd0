// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/daemon/board.h"
#include "agent/daemon/domain_line.h"
#include "agent/daemon/journal_thread.h"
#include "agent/daemon/network.h"
#include "agent/daemon/roster.h"
#include "agent/daemon/status.h"
#include "agent/daemon/worker_watch.h"
#include "bootstrap/record/agent_keys.h"
#include "protocol/base/file.h"
#include "protocol/base/process.h"
#include "protocol/settings/settings.h"

namespace keyferry::daemon {

// The agent: who owns what, and in which order it starts and stops.
class Daemon {
 public:
  // Opens keys, records, journal, control socket and network, in this order; nothing is answered yet. Codes: store.*,
  // locked, daemon.*, settings.*, file.*.
  static Result<std::unique_ptr<Daemon>> Make(const settings::AgentSettings& settings, const Clock& clock);
  ~Daemon();

  // Serves until a signal comes, then stops cleanly: what is in hand is finished or parked. An error where it could not
  // go on.
  Status Run(StopSignal& signal);

  // True where a thread still waits for its worker: the process must leave by _exit.
  bool MustExitAtOnce() const { return parked_; }

 private:
  Daemon(settings::AgentSettings settings, LockFile lock, record::AgentKeys keys, std::unique_ptr<RosterKeeper> roster,
         ZmqContext context, channel::Listener control, const Clock& clock);
  Status Attach(std::unique_ptr<Journal> journal);
  Status NoteStart(Journal& journal);
  void Start();
  Status Watch(StopSignal& signal);
  void Stop();

  const settings::AgentSettings settings_;
  const Clock& clock_;
  const std::chrono::steady_clock::time_point started_;
  LockFile lock_;
  record::AgentKeys keys_;
  std::unique_ptr<RosterKeeper> roster_;
  ZmqContext context_;
  channel::Listener control_;
  Board board_;
  Outbox outbox_;
  std::unique_ptr<JournalThread> journal_;
  std::unique_ptr<Network> network_;
  std::vector<std::unique_ptr<DomainLine>> lines_;
  WorkerWatch watch_{board_};
  std::unique_ptr<StatusService> status_;
  Wake control_stop_;
  std::jthread control_thread_;
  bool parked_ = false;
};

}  // namespace keyferry::daemon
