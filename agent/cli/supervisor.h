// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "protocol/base/file.h"
#include "protocol/base/process.h"
#include "protocol/base/result.h"

namespace keyferry::cli {

// A program that is to run all the time.
struct Program {
  std::string name;                    // in messages: "keyferryd", "keyferry-worker payments"
  std::vector<std::string> arguments;  // the first is the path of the program
  int stop_rank = 0;                   // programs of a lower rank are stopped, and waited for, first
};

struct Pace {
  std::chrono::milliseconds first_pause{200};   // before a program that ended is started again; doubled each time
  std::chrono::milliseconds most_pause{10000};  // up to this
  std::chrono::milliseconds healthy{10000};     // a program that ran this long begins with the first pause again
  std::chrono::milliseconds grace{60000};       // for a clean stop; then SIGKILL
};

// Starts programs, starts again what ends, and takes all of them down with itself: each is in a process group of its
// own and gets SIGTERM when this process dies. One thread.
class Supervisor {
 public:
  Supervisor(std::vector<Program> programs, Pace pace);
  ~Supervisor();  // kills what still runs
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until a signal comes: then SIGTERM to all, by rank, and OK once all are reaped (a second signal kills at once).
  // `ready` is asked ten times a second until it says true. A program that ends with ExitCode::kSettings or kUsage will
  // never do better: then all are stopped, and that is the error.
  Status Run(StopSignal& signal, const std::function<bool()>& ready);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Child {
    Program program;
    pid_t pid = -1;   // -1: not running
    UniqueFd handle;  // pidfd
    Time started, due;
    std::chrono::milliseconds pause;
  };

  Status Start(Child& child);
  Status StartDue();
  void Wait(const StopSignal& signal, std::chrono::milliseconds most) const;
  // Collects children that ended. The error is that of one that need not be started again.
  Status Reap(bool stopping);
  Status Ended(Child& child, int status, bool stopping);
  void StopAll(StopSignal& signal);
  void StopRank(StopSignal& signal, int rank);
  void Kill(int signal_number, int rank) const;
  bool AnyRuns(int rank) const;

  std::vector<Child> children_;
  Pace pace_;
};

}  // namespace keyferry::cli
