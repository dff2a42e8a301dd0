// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "protocol/channel/channel.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry::channel {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kAmple{30'000};

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    near_.emplace(UniqueFd(ends[0]));
    far_.emplace(UniqueFd(ends[1]));
  }
  void SendRaw(ByteView octets) {
    ASSERT_EQ(send(far_->fd(), octets.data(), octets.size(), MSG_NOSIGNAL), static_cast<ssize_t>(octets.size()));
  }
  std::optional<Connection> near_, far_;
  TemporaryDirectory directory_;
};

TEST_F(ConnectionTest, CarriesTheLargestFrame) {
  const Bytes sent(kFrameMost, 0xA5);
  std::jthread sender([&] { EXPECT_TRUE(far_->Send(sent, kAmple)); });
  const auto got = near_->Receive(kAmple);
  ASSERT_TRUE(got) << got.error().OneLine();
  EXPECT_EQ(*got, sent);
}

TEST_F(ConnectionTest, RefusesToSendALargerOne) {
  EXPECT_EQ(far_->Send(Bytes(kFrameMost + 1), kAmple).error().code(), Code::kWireTooLarge);
}

TEST_F(ConnectionTest, RefusesALargerOneByItsLengthAlone) {
  Bytes length;
  AppendU32(length, kFrameMost + 1);
  SendRaw(length);
  EXPECT_EQ(near_->Receive(kAmple).error().code(), Code::kWireTooLarge);
}

TEST_F(ConnectionTest, EndsAtTheDeadlineWhereAFrameStopsHalfWay) {
  SendRaw(Bytes{0, 0, 0, 10, 1, 2, 3});
  const auto got = near_->Receive(milliseconds(20));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kDeadlinePassed);
}

TEST_F(ConnectionTest, EndsAtTheDeadlineWhereNobodyReads) {
  EXPECT_EQ(near_->Send(Bytes(kFrameMost), milliseconds(20)).error().code(), Code::kDeadlinePassed);
}

TEST_F(ConnectionTest, SaysThatTheOtherSideWentAway) {
  SendRaw(Bytes{0, 0, 0, 10, 1});
  far_.reset();
  EXPECT_EQ(near_->Receive(kAmple).error().code(), Code::kSystem);
  EXPECT_FALSE(near_->Send(Bytes(10), kAmple));
}

TEST_F(ConnectionTest, ListensWithTheModeAskedForAndTidiesUp) {
  const std::string path = directory_.Path("deep/er/worker.sock");
  {
    const auto listener = Listener::Bind(path, 0600);
    ASSERT_TRUE(listener) << listener.error().OneLine();
    struct stat found{};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    EXPECT_TRUE(Connection::Connect(path, Code::kWorkerNotRunning));
  }
  EXPECT_FALSE(Exists(path));
  EXPECT_EQ(Connection::Connect(path, Code::kWorkerNotRunning).error().code(), Code::kWorkerNotRunning);
}

TEST_F(ConnectionTest, RefusesALiveSocketAndReplacesADeadOne) {
  const std::string path = directory_.Path("worker.sock");
  auto first = Listener::Bind(path, 0600);
  ASSERT_TRUE(first);
  EXPECT_EQ(Listener::Bind(path, 0600).error().code(), Code::kLocked);
  // What a killed process leaves: the file, and nobody behind it.
  const std::string dead = directory_.Path("dead.sock");
  ASSERT_EQ(rename(path.c_str(), dead.c_str()), 0);
  {
    const auto gone = std::move(*first);
  }
  EXPECT_TRUE(Listener::Bind(dead, 0600));
}

TEST_F(ConnectionTest, LeavesAFileAlone) {
  const std::string path = directory_.Path("precious");
  ASSERT_TRUE(WriteDurably(path, AsBytes("x"), 0600));
  EXPECT_EQ(Listener::Bind(path, 0600).error().code(), Code::kFileExists);
  EXPECT_TRUE(Exists(path));
}

TEST_F(ConnectionTest, RefusesAPathThatNoSocketCanHave) {
  EXPECT_EQ(Listener::Bind("/" + std::string(200, 'x'), 0600).error().code(), Code::kSettingsInvalid);
}

// A process of another user connects and reads; the answer is its exit code: 0 for a closed connection.
int ConnectAsNobody(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    auto connection = Connection::Connect(path, Code::kWorkerNotRunning);
    if (!connection) _exit(3);
    const auto got = connection->Receive(kAmple);
    _exit(!got && got.error().code() == Code::kSystem ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ConnectionTest, ClosesTheConnectionOfAStranger) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  const std::string path = directory_.Path("worker.sock");
  auto listener = Listener::Bind(path, 0666);
  ASSERT_TRUE(listener);
  std::jthread server([&] {
    // Returns with the friend that comes after the stranger.
    auto accepted = listener->Accept();
    EXPECT_TRUE(accepted);
  });
  EXPECT_EQ(ConnectAsNobody(path), 0);
  EXPECT_TRUE(Connection::Connect(path, Code::kWorkerNotRunning));
}

TEST_F(ConnectionTest, AcceptsAUserThatIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  const std::string path = directory_.Path("worker.sock");
  auto listener = Listener::Bind(path, 0666);
  ASSERT_TRUE(listener);
  std::jthread server([&] {
    auto accepted = listener->Accept({65534});
    ASSERT_TRUE(accepted);
    EXPECT_TRUE(accepted->Send(AsBytes("hello"), kAmple));
  });
  EXPECT_EQ(ConnectAsNobody(path), 1);
}

}  // namespace
}  // namespace keyferry::channel
