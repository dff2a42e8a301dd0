// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Ten bundles in flight through a queue that is too short for them, and a daemon that dies meanwhile: all are
// installed, in order, each once. The KMS's own library does the work, as keyferry-kms does it.
#include <signal.h>

#include <algorithm>
#include <thread>

#include "tests/integration/trust/kms.h"

namespace keyferry::world {
namespace {

constexpr std::uint64_t kBundles = 10;
constexpr std::int64_t kQueue = 3;

std::string LabelOf(std::uint64_t number) { return "order-" + std::to_string(100 + number); }

bool QueueIsFull(const World& world) {
  const auto domain = TryDomainStatus(world);
  return domain && domain->Integer("queue").value_or(0) == kQueue;
}

TEST(Order, TenInFlightWithBusyAndADaemonKilledEndInstalledInOrderEachOnce) {
  Options options;
  options.queue = kQueue;
  World world(options);
  world.Bootstrap();
  world.StartAgent();
  UseKmsToken(world);
  sender::CommonOptions kms;
  kms.home = world.kms_home();
  kms.pin_file = world.Path("pin");
  const auto session = Must(sender::SendingSession::Open(kms, "payments"));
  Bytes fourth;
  for (std::uint64_t number = 1; number <= kBundles; ++number) {
    sender::BundleRequest request;
    request.items.push_back(NewKey(session->hsm(), session->twins(), LabelOf(number)));
    ASSERT_EQ(Must(session->Enqueue(request)), number);
    if (number == kQueue + 1) fourth = Must(session->store().FindBundle("payments", number))->envelope;
  }
  const auto row = Must(session->store().FindDomain("payments"));
  const auto channel_key = Must(sender::Home(world.kms_home()).ChannelKey());

  // Nothing is concluded while the worker stands still, so that the queue is full for certain.
  const pid_t worker = world.worker_pid();
  ASSERT_EQ(kill(worker, SIGSTOP), 0);
  Result<std::vector<sender::Delivery>> deliveries = std::vector<sender::Delivery>();
  std::jthread sending([&] { deliveries = session->sender().Drive(kBundles, kAmple); });
  EXPECT_TRUE(fakes::Eventually([&] { return QueueIsFull(world); }));
  {
    auto connection =
        Must(sender::Connection::Open({.endpoint = row.endpoint, .channel_key = row.channel_key}, channel_key));
    const auto reply = Push(connection, fourth);
    EXPECT_EQ(reply.kind, wire::ReplyKind::kBusy);
    EXPECT_EQ(reply.code, "busy");
    EXPECT_GT(reply.retry_after_ms, 0U) << "an answer with a time to come back";
  }
  const pid_t daemon = world.daemon_pid();
  EXPECT_EQ(kill(daemon, SIGKILL), 0);
  EXPECT_TRUE(fakes::Eventually([&] { return world.daemon_pid() > 0 && world.daemon_pid() != daemon; }));
  EXPECT_TRUE(fakes::Eventually([&] { return QueueIsFull(world); })) << "what was accepted is still there";
  EXPECT_EQ(kill(worker, SIGCONT), 0);
  sending.join();

  ASSERT_TRUE(deliveries) << deliveries.error().ThreeLines();
  ASSERT_EQ(deliveries->size(), kBundles);
  // Receipts come as they come: those that the dead daemon's connection lost are asked for again.
  std::ranges::sort(*deliveries, {}, &sender::Delivery::sequence);
  std::uint64_t audited = 0;
  std::vector<std::string> labels;
  for (std::uint64_t number = 1; number <= kBundles; ++number) {
    const sender::Delivery& delivery = deliveries->at(number - 1);
    EXPECT_EQ(delivery.sequence, number);
    EXPECT_EQ(delivery.receipt.body.outcome, wire::Outcome::kOk) << delivery.receipt.body.message;
    EXPECT_GT(delivery.receipt.body.audit_count, audited) << "concluded out of order";
    audited = delivery.receipt.body.audit_count;
    labels.push_back(LabelOf(number));
  }
  EXPECT_EQ(Labels(world), labels);
  EXPECT_EQ(Concluded(world), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(Must(Worker(world).State(kAmple)).executed, kBundles);
  EXPECT_EQ(Must(Worker(world).State(kAmple)).objects, kBundles);
  EXPECT_EQ(world.StopAgent(), 0);
}

}  // namespace
}  // namespace keyferry::world
