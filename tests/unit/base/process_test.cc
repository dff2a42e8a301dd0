// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace keyferry {
namespace {

// Each in a process of its own: what they change would stay for the other tests.
[[noreturn]] void CheckHardened() {
  if (!HardenProcess()) _exit(1);
  rlimit limit = {1, 1};
  if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0) _exit(2);
#ifndef __SANITIZE_ADDRESS__
  if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) _exit(3);
#endif
  _exit(umask(0) == 077 ? 0 : 4);
}

TEST(ProcessDeathTest, Hardens) { EXPECT_EXIT(CheckHardened(), testing::ExitedWithCode(0), ""); }

[[noreturn]] void CheckStopSignal() {
  auto stop = StopSignal::Make();
  if (!stop) _exit(1);
  if (stop->Wait(std::chrono::milliseconds(1)) != 0) _exit(2);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    kill(getpid(), number);
    if (stop->Wait(std::chrono::milliseconds(-1)) != number) _exit(3);
  }
  int ends[2];
  if (pipe(ends) != 0) _exit(4);
  close(ends[0]);
  const ssize_t put = write(ends[1], "x", 1);  // would end the process if SIGPIPE were not ignored
  _exit(put == -1 ? 0 : 5);
}

TEST(ProcessDeathTest, WaitsForSignals) { EXPECT_EXIT(CheckStopSignal(), testing::ExitedWithCode(0), ""); }

}  // namespace
}  // namespace keyferry
