// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <latch>
#include <thread>

#include "protocol/channel/channel.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry::channel {
namespace {

constexpr std::chrono::milliseconds kAmple{60'000};

class FakeService final : public WorkerService {
 public:
  ExecuteAnswer Execute(const Bytes& envelope) override {
    EXPECT_FALSE(running.exchange(true)) << "two at once";
    if (hold) {
      begun.count_down();
      may_end.wait();
    }
    running = false;
    ++executed;
    ExecuteAnswer answer;
    answer.disposition = Disposition::kConcluded;
    answer.statement = envelope;
    return answer;
  }
  WorkerState State() override {
    WorkerState state;
    state.condition = WorkerCondition::kServing;
    state.executed = executed;
    return state;
  }
  Status OpenLatch() override { return std::unexpected(Error::Make(Code::kFileUnwritable, "disk full")); }

  bool hold = false;
  std::latch begun{1};
  std::latch may_end{1};
  std::atomic<bool> running{false};
  std::atomic<std::uint64_t> executed{0};
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
    auto listener = Listener::Bind(path_, 0600);
    ASSERT_TRUE(listener);
    listener_.emplace(std::move(*listener));
  }
  void Start() {
    server_ = std::jthread([this] { EXPECT_TRUE(ServeWorker(*listener_, service_, {}, stop_.get())); });
  }
  void Stop() {
    EXPECT_EQ(eventfd_write(stop_.get(), 1), 0);
    if (server_.joinable()) server_.join();
  }
  void TearDown() override { Stop(); }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("worker.sock");
  UniqueFd stop_;
  std::optional<Listener> listener_;
  FakeService service_;
  std::jthread server_;
};

TEST_F(ServerTest, ExecutesAndKeepsTheConnection) {
  Start();
  WorkerClient client(path_);
  for (std::uint8_t i = 1; i <= 20; ++i) {
    const Bytes envelope(1000, i);
    const auto answer = client.Execute(envelope, kAmple);
    ASSERT_TRUE(answer) << answer.error().OneLine();
    EXPECT_EQ(answer->statement, envelope);
  }
  EXPECT_EQ(client.State(kAmple)->executed, 20U);
  EXPECT_EQ(client.OpenLatch(kAmple).error().code(), Code::kFileUnwritable);
}

TEST_F(ServerTest, AnswersTheStateWhileABundleIsExecuted) {
  service_.hold = true;
  Start();
  std::jthread daemon([&] {
    WorkerClient client(path_);
    EXPECT_TRUE(client.Execute(Bytes{1}, kAmple));
  });
  service_.begun.wait();
  WorkerClient other(path_);
  const auto state = other.State(kAmple);
  EXPECT_TRUE(state && state->executed == 0);
  service_.may_end.count_down();
}

TEST_F(ServerTest, ExecutesOneAtATime) {
  Start();
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      WorkerClient client(path_);
      for (int k = 0; k < 20; ++k) EXPECT_TRUE(client.Execute(Bytes{1}, kAmple));
    });
  }
  clients.clear();
  EXPECT_EQ(service_.executed, 160U);
}

TEST_F(ServerTest, FinishesWhatIsInHandWhenItIsStopped) {
  service_.hold = true;
  Start();
  std::jthread daemon([&] {
    WorkerClient client(path_);
    const auto answer = client.Execute(Bytes{1}, kAmple);
    ASSERT_TRUE(answer) << answer.error().OneLine();
    EXPECT_EQ(answer->statement, Bytes{1});
  });
  service_.begun.wait();
  EXPECT_EQ(eventfd_write(stop_.get(), 1), 0);
  service_.may_end.count_down();
  Stop();
  EXPECT_EQ(service_.executed, 1U);
}

TEST_F(ServerTest, ClosesAConnectionThatSpeaksNonsenseAndServesTheNext) {
  Start();
  auto connection = Connection::Connect(path_, Code::kWorkerNotRunning);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->Send(AsBytes("nonsense"), kAmple));
  EXPECT_EQ(connection->Receive(kAmple).error().code(), Code::kSystem);
  WorkerClient client(path_);
  EXPECT_TRUE(client.State(kAmple));
}

TEST_F(ServerTest, IsConnectedAgainAfterTheWorkerWasStartedAgain) {
  Start();
  WorkerClient client(path_);
  ASSERT_TRUE(client.State(kAmple));
  Stop();
  listener_.reset();
  EXPECT_EQ(client.State(kAmple).error().code(), Code::kWorkerNotRunning);
  SetUp();
  Start();
  EXPECT_TRUE(client.State(kAmple));
}

TEST_F(ServerTest, ReconnectsOnceWithinACall) {
  Start();
  WorkerClient client(path_);
  ASSERT_TRUE(client.State(kAmple));
  Stop();
  listener_.reset();
  SetUp();
  Start();
  // The connection that was kept is dead; the call does not show it.
  EXPECT_TRUE(client.State(kAmple));
}

TEST_F(ServerTest, ExecutesNothingOnAnotherConnectionThanItsStateCameBy) {
  Start();
  WorkerClient client(path_);
  ASSERT_TRUE(client.State(kAmple));
  Stop();
  listener_.reset();
  SetUp();
  Start();
  EXPECT_EQ(client.Execute(Bytes{1}, kAmple).error().code(), Code::kWorkerNotRunning);
  EXPECT_EQ(service_.executed, 0U);
  EXPECT_TRUE(client.State(kAmple));
  EXPECT_TRUE(client.Execute(Bytes{1}, kAmple));
}

TEST_F(ServerTest, GivesUpOnAHungWorkerAtTheDeadline) {
  service_.hold = true;
  Start();
  WorkerClient client(path_);
  EXPECT_EQ(client.Execute(Bytes{1}, std::chrono::milliseconds(50)).error().code(), Code::kDeadlinePassed);
  service_.begun.wait();
  service_.may_end.count_down();
}

class FakeControl final : public ControlService {
 public:
  std::string Status() override { return "{\"state\":\"ok\"}"; }
};

TEST_F(ServerTest, AnswersTheStatusOnTheControlSocket) {
  FakeControl control;
  server_ = std::jthread([&] { EXPECT_TRUE(ServeControl(*listener_, control, stop_.get())); });
  const auto status = AskStatus(path_, kAmple);
  ASSERT_TRUE(status) << status.error().OneLine();
  EXPECT_EQ(*status, "{\"state\":\"ok\"}");
  // A bundle is no business of the daemon's control socket.
  WorkerClient client(path_);
  EXPECT_FALSE(client.Execute(Bytes{1}, kAmple));
  Stop();
  listener_.reset();
  EXPECT_EQ(AskStatus(path_, kAmple).error().code(), Code::kDaemonNotRunning);
}

}  // namespace
}  // namespace keyferry::channel
