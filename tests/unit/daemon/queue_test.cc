// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/queue.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <string>
#include <thread>

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;

bool IsReadable(int fd) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, 0) == 1;
}

TEST(BoundedQueue, IsBoundedInNumberAndKeepsWhatWasRefused) {
  BoundedQueue<std::string> queue(2, 1000);
  std::string items[] = {"a", "b", "c"};
  EXPECT_TRUE(queue.TryPush(items[0], 1));
  EXPECT_TRUE(queue.TryPush(items[1], 1));
  EXPECT_FALSE(queue.TryPush(items[2], 1));
  EXPECT_EQ(items[2], "c");
  EXPECT_EQ(queue.PopSome(10, milliseconds(0)), (std::vector<std::string>{"a", "b"}));
}

TEST(BoundedQueue, IsBoundedInOctetsButTakesOneOfAnySize) {
  BoundedQueue<int> queue(10, 100);
  int item = 1;
  EXPECT_TRUE(queue.TryPush(item, 1000));
  EXPECT_FALSE(queue.TryPush(item, 1));
  EXPECT_EQ(queue.PopSome(1, milliseconds(0)).size(), 1U);
  EXPECT_TRUE(queue.TryPush(item, 60));
  EXPECT_FALSE(queue.TryPush(item, 60));
  EXPECT_TRUE(queue.TryPush(item, 40));
}

TEST(BoundedQueue, ItsDescriptorIsReadableWhileSomethingWaits) {
  BoundedQueue<int> queue(10, 100);
  EXPECT_FALSE(IsReadable(queue.fd()));
  queue.Push(1, 1);
  queue.Push(2, 1);
  EXPECT_TRUE(IsReadable(queue.fd()));
  queue.PopSome(1, milliseconds(0));
  EXPECT_TRUE(IsReadable(queue.fd()));
  queue.PopSome(1, milliseconds(0));
  EXPECT_FALSE(IsReadable(queue.fd()));
}

TEST(BoundedQueue, GivesWhatWaitsAfterItWasClosedAndRefusesWhatComes) {
  BoundedQueue<int> queue(10, 100);
  queue.Push(1, 1);
  queue.Close();
  EXPECT_FALSE(queue.Push(2, 1));
  EXPECT_FALSE(queue.Drained());
  EXPECT_EQ(queue.PopSome(10, milliseconds(60'000)), std::vector{1});
  EXPECT_TRUE(queue.Drained());
  EXPECT_TRUE(queue.PopSome(10, milliseconds(60'000)).empty()) << "does not wait once closed";
}

TEST(BoundedQueue, ProducersWaitForRoomAndAllArrivesInEachOnesOrder) {
  BoundedQueue<int> queue(3, 1000);
  constexpr int kEach = 500;
  auto produce = [&](int first) {
    for (int i = 0; i < kEach; ++i) ASSERT_TRUE(queue.Push(first + i, 1));
  };
  std::jthread one(produce, 0);
  std::jthread two(produce, 10'000);
  std::vector<int> low;
  std::vector<int> high;
  while (low.size() + high.size() < 2 * kEach) {
    for (const int item : queue.PopSome(2, milliseconds(1000))) (item < 10'000 ? low : high).push_back(item);
  }
  EXPECT_TRUE(std::ranges::is_sorted(low));
  EXPECT_TRUE(std::ranges::is_sorted(high));
  EXPECT_EQ(low.size(), high.size());
}

}  // namespace
}  // namespace keyferry::daemon
