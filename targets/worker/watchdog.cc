// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/watchdog.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "protocol/base/log.h"

namespace keyferry::worker {

Watchdog::Watchdog(std::chrono::milliseconds deadline, std::function<void()> past)
    : deadline_(deadline), past_(std::move(past)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void Watchdog::LeaveProcess(const Error& why) {
  LogError("leaving, to be started again", why);
  _exit(kExitCode);
}

void Watchdog::Run(const std::stop_token& stop) {
  // Looking now and then costs the watched thread nothing but a store for each call.
  const auto between = std::clamp(deadline_ / 8, std::chrono::milliseconds(10), std::chrono::milliseconds(1000));
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, between, [] { return false; });
    const Clock::rep until = until_.load();
    if (until == kNever || Clock::now().time_since_epoch().count() < until) continue;
    past_();
    Disarm();
  }
}

}  // namespace keyferry::worker
