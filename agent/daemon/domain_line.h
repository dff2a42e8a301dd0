// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/daemon/board.h"
#include "agent/daemon/corridor.h"
#include "agent/daemon/journal_thread.h"
#include "agent/daemon/roster.h"
#include "protocol/channel/channel.h"

namespace keyferry::daemon {

// One domain's thread: takes what was accepted, in order, one at a time, to the worker, until each is concluded. A
// worker or an HSM that is away makes it wait, never give up.
class DomainLine {
 public:
  // A bundle that took the worker down so often is tried seldom, and status warns of it: nobody can say what it left in
  // the target, so no receipt is made up.
  static constexpr std::int64_t kPoison = 5;

  DomainLine(std::string name, std::string socket, const Id16& agent, const RosterKeeper& roster,
             JournalThread& journal, Board& board, const Clock& clock);

  void Start();
  // What is in hand is finished where the worker answers, else parked in the journal.
  void RequestStop() { thread_.request_stop(); }
  // False where the thread still waits for the worker after `patience`.
  bool WaitEnded(std::chrono::milliseconds patience);
  void Detach() { thread_.detach(); }

 private:
  void Run(const std::stop_token& stop);
  std::optional<Conclusion> Install(const Admission& admission, const std::stop_token& stop);
  std::optional<Conclusion> Attempt(const Admission& admission, bool& begun);
  std::optional<Conclusion> Judge(const Admission& admission, channel::ExecuteAnswer answer);
  // True where the worker may be handed a bundle: it answers, and its ledger agrees with the journal.
  bool Reach();
  bool Agrees(const std::vector<channel::LastOfSigner>& ledger);
  void StopDomain(const Error& why);
  void ResumeDomain();
  bool IsHeld(const Admission& admission);
  bool IsExpired(const Admission& admission) const;
  void WorkerLost(const Admission& admission, const Error& error);
  void Sleep(const std::stop_token& stop);

  const std::string name_;
  const Id16 agent_;
  const RosterKeeper& roster_;
  JournalThread& journal_;
  Board& board_;
  const Clock& clock_;
  channel::WorkerClient worker_;
  bool reachable_ = false;
  bool stopped_ = false;                // ledger and journal do not agree
  std::int64_t lost_ = 0;               // of the bundle in hand
  std::chrono::milliseconds pause_{0};  // before the next attempt
  std::chrono::milliseconds back_off_{0};

  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::condition_variable ended_signal_;
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace keyferry::daemon
