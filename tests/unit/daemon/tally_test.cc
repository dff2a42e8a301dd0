// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/tally.h"

#include <gtest/gtest.h>

namespace keyferry::daemon {
namespace {

Json Event() { return Json::EmptyObject().Set("event", "refused"); }

TEST(Tally, AFloodIsOneLineAndThenOneLineAMinute) {
  Tally tally;
  const Tally::Time start{};
  int lines = 0;
  for (int millisecond = 0; millisecond < 150'000; ++millisecond) {
    if (tally.Note("stranger", Event(), start + std::chrono::milliseconds(millisecond))) ++lines;
  }
  EXPECT_EQ(lines, 3);
}

TEST(Tally, CountsEveryOne) {
  Tally tally;
  const Tally::Time start{};
  EXPECT_EQ(*tally.Note("a", Event(), start)->Integer("count"), 1);
  for (int i = 0; i < 41; ++i) EXPECT_FALSE(tally.Note("a", Event(), start));
  EXPECT_EQ(*tally.Note("b", Event(), start)->Integer("count"), 1);
  EXPECT_TRUE(tally.Due(start + std::chrono::seconds(59), false).empty());
  const auto due = tally.Due(start + std::chrono::seconds(60), false);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(*due[0].Integer("count"), 41);
}

TEST(Tally, AtTheEndNothingIsLost) {
  Tally tally;
  tally.Note("a", Event(), {});
  tally.Note("a", Event(), {});
  const auto rest = tally.Due({}, true);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(*rest[0].Integer("count"), 1);
}

TEST(Tally, KeepsABoundedNumberOfKinds) {
  Tally tally;
  std::size_t lines = 0;
  for (int i = 0; i < 10'000; ++i) lines += tally.Note(std::to_string(i), Event(), {}).has_value() ? 1U : 0U;
  EXPECT_EQ(lines, Tally::kKinds + 1);
}

}  // namespace
}  // namespace keyferry::daemon
