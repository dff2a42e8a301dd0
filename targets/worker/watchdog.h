// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "protocol/base/error.h"

namespace keyferry::worker {

// A call into a vendor's library cannot be interrupted: past its deadline the process has to go. A thread of its own
// watches the calls of one other thread. Where a call passes its deadline, `past` is called on the watching thread: in
// the worker it logs and leaves with _exit(kExitCode).
class Watchdog {
 public:
  static constexpr int kExitCode = 75;  // EX_TEMPFAIL: whoever started the worker starts it again

  Watchdog(std::chrono::milliseconds deadline, std::function<void()> past);
  // Logs and leaves the process without running any destructor.
  [[noreturn]] static void LeaveProcess(const Error& why);

  // Watches from construction to destruction: one call, or `calls` of them, with one deadline for each. Not nested: an
  // inner one starts the time anew.
  class Watch {
   public:
    explicit Watch(Watchdog& dog, int calls = 1) : dog_(&dog) { dog_->Arm(calls); }
    ~Watch() { dog_->Disarm(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Watchdog* dog_;
  };

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::rep kNever = 0;

  void Arm(int calls) { until_.store((Clock::now() + calls * deadline_).time_since_epoch().count()); }
  void Disarm() { until_.store(kNever); }
  void Run(const std::stop_token& stop);

  std::chrono::milliseconds deadline_;
  std::function<void()> past_;
  std::atomic<Clock::rep> until_{kNever};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace keyferry::worker
