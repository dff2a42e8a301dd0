// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/watchdog.h"

#include <gtest/gtest.h>

#include <latch>

namespace keyferry::worker {
namespace {

using std::chrono::milliseconds;

TEST(Watchdog, BarksOnceWhereACallDoesNotComeBack) {
  std::latch barked(1);
  std::atomic<int> count{0};
  Watchdog dog(milliseconds(20), [&] {
    if (++count == 1) barked.count_down();
  });
  {
    const Watchdog::Watch watch(dog);
    barked.wait();
  }
  EXPECT_EQ(count, 1);
}

TEST(Watchdog, IsQuietBetweenCallsAndStartsAnewForEach) {
  std::atomic<int> count{0};
  {
    Watchdog dog(std::chrono::minutes(10), [&] { ++count; });
    for (int i = 0; i < 1000; ++i) const Watchdog::Watch watch(dog);
  }
  {
    // Not armed: the deadline passes many times over without a call.
    Watchdog dog(milliseconds(1), [&] { ++count; });
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_EQ(count, 0);
}

TEST(Watchdog, LeavesTheProcessWithoutUnwinding) {
  EXPECT_EXIT(
      {
        Watchdog dog(milliseconds(20),
                     [] { Watchdog::LeaveProcess(Error::Make(Code::kDeadlinePassed, "it did not come back")); });
        const Watchdog::Watch watch(dog);
        std::this_thread::sleep_for(std::chrono::minutes(10));
      },
      testing::ExitedWithCode(Watchdog::kExitCode), "it did not come back");
}

}  // namespace
}  // namespace keyferry::worker
