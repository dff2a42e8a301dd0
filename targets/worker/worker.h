// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "bootstrap/record/record.h"
#include "protocol/base/clock.h"
#include "protocol/base/file.h"
#include "protocol/channel/channel.h"
#include "protocol/settings/settings.h"
#include "targets/cryptoki/pin_latch.h"
#include "targets/worker/domain_token.h"
#include "targets/worker/executor.h"
#include "targets/worker/ledger.h"
#include "targets/worker/watchdog.h"

namespace keyferry::worker {

// One domain: waits for the bootstrap's record, takes the token's lock, opens token and ledger, executes bundles, and
// climbs the recovery ladder (session, login, C_Finalize/C_Initialize, new process) where the token fails. A thread of
// its own keeps trying what is not open yet.
class Worker final : public channel::WorkerService {
 public:
  Worker(settings::WorkerSettings settings, Clock& clock);
  ~Worker() override;

  // Starts to open. To be called once.
  void Start();
  // Closes token and library, once the bundle in hand is finished; nothing is executed afterwards. On the main thread,
  // before main returns.
  void Stop();

  channel::ExecuteAnswer Execute(const Bytes& envelope) override;
  channel::WorkerState State() override;
  Status OpenLatch() override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void KeepOpening(const std::stop_token& stop);
  Status Open();
  Status ReadRecord();
  Status OpenLedger();
  void OpenNow();
  void ShowLedger(const Ledger::Summary& summary);
  void HideLedger();
  void ShowOpen();
  void ShowFailure(const Error& error);
  void Climb(const Error& error);
  channel::ExecuteAnswer NotOpen();
  channel::ExecuteAnswer NotConcluded(const Error& error);
  Domain MakeDomain() const;

  settings::WorkerSettings settings_;
  Clock* clock_;
  cryptoki::PinLatch latch_;
  Watchdog dog_;

  std::mutex work_;  // guards everything down to state_mutex_
  std::optional<LockFile> lock_;
  std::optional<record::Record> record_;
  std::optional<Ledger> ledger_;
  std::unique_ptr<DomainToken> token_;
  std::optional<Executor> executor_;
  cryptoki::Rung climbed_ = cryptoki::Rung::kNone;  // the last rung, since the last success
  unsigned failures_ = 0;                           // of bundles, in a row
  unsigned open_failures_ = 0;                      // in a row
  TimePoint next_try_{};
  bool stopped_ = false;

  std::atomic<bool> try_now_{false};
  std::mutex state_mutex_;  // never held while work is done
  channel::WorkerState state_;
  std::jthread keeper_;
};

}  // namespace keyferry::worker
