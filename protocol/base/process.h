// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>

#include "protocol/base/result.h"

namespace keyferry {

// No core dumps, not dumpable (PR_SET_DUMPABLE 0: no ptrace by the same user, no /proc/self/mem for others), umask 077.
// First thing in every main.
Status HardenProcess();

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and those it starts, ignores SIGPIPE, and waits for the
// blocked ones by signalfd: to be made in main before any thread.
class StopSignal {
 public:
  static Result<StopSignal> Make();
  // Readable when a signal waits.
  int fd() const { return fd_; }
  // The signal's number, or 0 after `timeout`. Negative timeout: no limit.
  int Wait(std::chrono::milliseconds timeout);

 private:
  explicit StopSignal(int fd) : fd_(fd) {}
  int fd_;  // lives as long as the process
};

}  // namespace keyferry
