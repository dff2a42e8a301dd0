// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/clock.h"

#include <gtest/gtest.h>

#include <limits>

namespace keyferry {
namespace {

TEST(Clock, FormatsTime) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59Z");
}

TEST(Clock, ShowsAsANumberWhatNoCalendarHolds) {
  const auto last = std::numeric_limits<UnixSeconds>::max();
  EXPECT_EQ(FormatTime(last), std::to_string(last));
}

TEST(Clock, SystemClockRuns) {
  SystemClock clock;
  EXPECT_GT(clock.Now(), 1'700'000'000);
  const auto before = clock.Monotonic();
  clock.SleepFor(std::chrono::milliseconds(2));
  EXPECT_GE(clock.Monotonic() - before, std::chrono::milliseconds(2));
}

}  // namespace
}  // namespace keyferry
