// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <signal.h>

#include <set>

#include "tests/integration/daemon/world.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;
using wire::ReplyKind;

class Delivery : public World {
 protected:
  void SetUp() override { WriteRecord(); }
};

std::vector<std::uint64_t> UpTo(std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 1; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

TEST_F(Delivery, ABundleIsAcceptedExecutedAndReceipted) {
  StartWorker();
  StartDaemon();
  const auto dealer = Connect();
  const Bytes bundle = Bundle({.sequence = 1});
  dealer->Push(bundle);
  const auto accepted = Next(*dealer);
  EXPECT_EQ(accepted.kind, ReplyKind::kAccepted);
  EXPECT_EQ(accepted.envelope_sha256, Sha256(bundle));
  const auto reply = Next(*dealer);
  ASSERT_EQ(reply.kind, ReplyKind::kReceipt);
  EXPECT_EQ(reply.sequence, 1U);
  const auto receipt = Verified(reply.receipt);
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kWorker);
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kOk);
  EXPECT_EQ(receipt.body.separation, wire::Separation::kNone);
  ASSERT_TRUE(receipt.statement);
  EXPECT_EQ(receipt.statement->envelope_sha256, Sha256(bundle));

  const Json domain = DomainStatus();
  EXPECT_EQ(*domain.Integer("accepted"), 1);
  EXPECT_EQ(*domain.Integer("concluded"), 1);
  EXPECT_EQ(*domain.Integer("queue"), 0);
  EXPECT_EQ(*domain.Integer("refused"), 0);
  EXPECT_TRUE(*domain.Boolean("bootstrapped"));
  EXPECT_TRUE(*domain.Boolean("template_enforced"));
  EXPECT_EQ(*domain.Text("separation"), "none");
  EXPECT_TRUE(domain.Text("last_delivery"));
}

TEST_F(Delivery, ALargeBundleComesInManyFrames) {
  StartWorker();
  StartDaemon();
  const auto dealer = Connect();
  const Wish wish{.sequence = 1, .label = std::string(100, 'x'), .items = 256};
  ASSERT_GT(wire::SplitFrames(wire::MessageType::kPush, Bundle(wish)).size(), 2U);
  dealer->Push(Bundle(wish));
  EXPECT_EQ(Verified(NextReceipt(*dealer).receipt).statement->items.size(), 256U);
}

// Ten in flight, more than the queue takes, and a new connection half way: each has one effect, in order.
TEST_F(Delivery, TenInFlightWithBusyAndReconnectAllEndInOrderEachOnce) {
  WriteSettings(3);
  StartWorker();
  worker->SetDelay(milliseconds(30));
  StartDaemon();
  std::vector<Bytes> bundles;
  for (const std::uint64_t number : UpTo(10)) bundles.push_back(Bundle({.sequence = number}));
  auto dealer = Connect();
  for (const auto& bundle : bundles) dealer->Push(bundle);
  std::set<std::uint64_t> received;
  int busy = 0;
  int replies = 0;
  while (received.size() < 10) {
    const auto reply = dealer->Receive(milliseconds(300));
    if (reply && reply->kind == ReplyKind::kBusy) ++busy;
    if (reply && reply->kind == ReplyKind::kReceipt) received.insert(reply->sequence);
    if (++replies == 12) {
      dealer = Connect();
      for (const auto& bundle : bundles) dealer->Push(bundle);
    }
    if (reply && reply->kind != ReplyKind::kBusy) continue;
    for (const std::uint64_t number : UpTo(10)) {
      if (!received.contains(number)) dealer->Push(bundles[number - 1]);
    }
    ASSERT_LT(replies, 10'000);
  }
  EXPECT_GT(busy, 0) << "the test saw no full queue";
  EXPECT_EQ(worker->Executed(), UpTo(10));
}

TEST_F(Delivery, TheSameBundleAHundredTimesHasOneEffectAndOneReceipt) {
  StartWorker();
  StartDaemon();
  const Bytes bundle = Bundle({.sequence = 1});
  std::set<Bytes> receipts;
  for (int connection = 0; connection < 4; ++connection) {
    const auto dealer = Connect();
    for (int i = 0; i < 25; ++i) {
      dealer->Push(bundle);
      receipts.insert(NextReceipt(*dealer).receipt);
    }
  }
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  StartDaemon();
  const auto dealer = Connect();
  dealer->Push(bundle);
  receipts.insert(NextReceipt(*dealer).receipt);
  receipts.insert(AskForReceipt(1));
  EXPECT_EQ(receipts.size(), 1U);
  EXPECT_EQ(worker->Calls(), 1);
  EXPECT_EQ(worker->Executed(), UpTo(1));
}

TEST_F(Delivery, AWorkerOrAnHsmThatIsAwayIsAQueue) {
  StartDaemon();
  const auto dealer = Connect();
  for (const std::uint64_t number : UpTo(3)) {
    EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = number}).kind, ReplyKind::kAccepted);
  }
  dealer->Ask(AskFor(2));
  EXPECT_EQ(Next(*dealer).kind, ReplyKind::kInProgress);
  EXPECT_EQ(*DomainStatus().Integer("queue"), 3);
  worker->SetRetries(5);
  StartWorker();
  for (const std::uint64_t number : UpTo(3)) EXPECT_EQ(NextReceipt(*dealer).sequence, number);
  EXPECT_EQ(worker->Executed(), UpTo(3));
}

TEST_F(Delivery, KilledBetweenAcceptedAndConcludedLosesNothing) {
  StartDaemon();
  {
    const auto dealer = Connect();
    for (const std::uint64_t number : UpTo(3)) {
      EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = number}).kind, ReplyKind::kAccepted);
    }
  }
  daemon->Signal(SIGKILL);
  EXPECT_EQ(daemon->Wait(), 128 + SIGKILL);
  StartWorker();
  StartDaemon();
  for (const std::uint64_t number : UpTo(3)) {
    EXPECT_EQ(Verified(AskForReceipt(number)).body.outcome, wire::Outcome::kOk);
  }
  EXPECT_EQ(worker->Executed(), UpTo(3));
}

TEST_F(Delivery, KilledWhileTheWorkerIsAtItHasOneEffect) {
  StartWorker();
  worker->SetDelay(milliseconds(400));
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 1}).kind, ReplyKind::kAccepted);
  ASSERT_TRUE(Eventually([&] { return worker->Calls() > 0; }));
  daemon->Signal(SIGKILL);
  daemon->Wait();
  StartDaemon();
  EXPECT_EQ(Verified(AskForReceipt(1)).body.attested_by, wire::AttestedBy::kWorker);
  EXPECT_EQ(worker->Executed(), UpTo(1));
}

TEST_F(Delivery, WhatNoWorkerSawIsConcludedAsExpiredByTheAgent) {
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 1, .install_in = 1}).kind, ReplyKind::kAccepted);
  const auto receipt = Verified(NextReceipt(*dealer).receipt);
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kAgent);
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kExpired);
  EXPECT_EQ(receipt.body.code, "time.expired");
}

TEST_F(Delivery, AWorkersRefusalWithoutAStatementIsAttestedByTheAgent) {
  StartWorker();
  worker->SetRefusal("trust.seal-wrong");
  StartDaemon();
  const auto dealer = Connect();
  dealer->Push(Bundle({.sequence = 1}));
  const auto receipt = Verified(NextReceipt(*dealer).receipt);
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kAgent);
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(receipt.body.code, "trust.seal-wrong");
  EXPECT_EQ(*DomainStatus().Integer("refused"), 1);
}

TEST_F(Delivery, AStatementOfAnotherBundleConcludesNothing) {
  StartWorker();
  worker->SetLying(true);
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 1}).kind, ReplyKind::kAccepted);
  ASSERT_TRUE(Eventually([&] { return Status().Dump().find("trust.statement-wrong") != std::string::npos; }));
  dealer->Ask(AskFor(1));
  EXPECT_EQ(Next(*dealer).kind, ReplyKind::kInProgress);
  worker->SetLying(false);
  EXPECT_EQ(NextReceipt(*dealer).sequence, 1U);
  EXPECT_EQ(Status().Dump().find("trust.statement-wrong"), std::string::npos) << "the warning goes with its cause";
}

}  // namespace
}  // namespace keyferry::daemon
