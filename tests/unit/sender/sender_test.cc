// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/sender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/fakes/fake_token.h"
#include "tests/fakes/soft_tokens.h"
#include "tests/unit/sender/fake_agent.h"

namespace keyferry::sender {
namespace {

using fakes::FakeAgent;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPatience = seconds(60);

BundleRequest SomeRequest() {
  Item item;
  item.operation = Operation::kDelete;
  item.target = "hsm";
  item.object_class = ObjectClass::kSecretKey;
  item.label = "k";
  item.expected_id = Bytes(16, 1);
  BundleRequest request;
  request.items.push_back(item);
  return request;
}

class SenderTest : public testing::Test {
 protected:
  SenderTest() : store_(Store::Open(dir_.path()).value()) {}

  static void SetUpTestSuite() { InitCrypto(); }

  Id16 signer_id() const { return IdOfKey(signer_.public_key()); }

  DomainSender OpenSender(const FakeAgent& agent) {
    EXPECT_TRUE(store_.PutDomain(agent.Domain("payments")));
    auto sender = DomainSender::Open(store_, "payments", signer_, channel_key_, clock_);
    EXPECT_TRUE(sender) << sender.error().OneLine();
    return std::move(*sender);
  }

  void Enqueue(DomainSender& sender, int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(sender.Enqueue(SomeRequest(), seal_));
  }

  fakes::TempDir dir_;
  Store store_;
  SystemClock clock_;
  Ed25519KeyPair signer_ = Ed25519KeyPair::Generate().value();
  Secret channel_key_ = RandomSecret(32).value();
  fakes::FakeSeal seal_{"seal-in"};
};

std::vector<std::uint64_t> SequencesOf(const std::vector<Delivery>& deliveries) {
  std::vector<std::uint64_t> sequences;
  for (const Delivery& delivery : deliveries) sequences.push_back(delivery.sequence);
  return sequences;
}

TEST_F(SenderTest, NumbersAreContiguousAndEveryBundleGetsItsReceipt) {
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) {
    return std::vector{FakeAgent::Accepted(arrival), agent.Receipt(arrival, signer_id())};
  });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 40);
  const auto deliveries = sender.Drive(40, kPatience);
  ASSERT_TRUE(deliveries) << deliveries.error().OneLine();
  ASSERT_EQ(deliveries->size(), 40U);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ((*deliveries)[i].sequence, i + 1);
  EXPECT_EQ(agent.Arrived().size(), 40U);
  EXPECT_EQ(store_.HighestReceipted("payments").value(), 40U);
  EXPECT_TRUE(store_.FindBundle("payments", 7).value()->envelope.empty());
}

// The agent of PROTOCOL.md: takes the next number only, is busy once, answers the rest "expected N".
TEST_F(SenderTest, BusyInTheMiddleOfTenEndsInOrderEachOnce) {
  std::uint64_t next = 1;
  bool was_busy = false;
  std::vector<std::uint64_t> taken;
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) -> std::vector<wire::Reply> {
    if (arrival.sequence != next) return {FakeAgent::Expected(arrival, next)};
    if (arrival.sequence == 5 && !was_busy) {
      was_busy = true;
      return {FakeAgent::Busy(arrival, 150)};
    }
    ++next;
    taken.push_back(arrival.sequence);
    return {FakeAgent::Accepted(arrival), agent.Receipt(arrival, signer_id())};
  });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 10);
  const auto deliveries = sender.Drive(10, kPatience);
  ASSERT_TRUE(deliveries) << deliveries.error().OneLine();
  EXPECT_TRUE(was_busy);
  EXPECT_EQ(taken, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(SequencesOf(*deliveries), taken);
}

TEST_F(SenderTest, AnAnswerThatIsLostIsAskedForByPushingTheSameOctetsAgain) {
  std::map<std::uint64_t, std::set<Digest>> digests;
  std::set<std::uint64_t> lost;
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) -> std::vector<wire::Reply> {
    digests[arrival.sequence].insert(arrival.digest);
    if (lost.insert(arrival.sequence).second && arrival.sequence == 2) return {};
    return {agent.Receipt(arrival, signer_id())};
  });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 3);
  const auto deliveries = sender.Drive(3, kPatience);
  ASSERT_TRUE(deliveries) << deliveries.error().OneLine();
  EXPECT_EQ(deliveries->size(), 3U);
  for (const auto& [sequence, seen] : digests) EXPECT_EQ(seen.size(), 1U) << sequence;
}

TEST_F(SenderTest, AProcessThatDiedGoesOnWithWhatItSealed) {
  bool answering = false;
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) -> std::vector<wire::Reply> {
    if (!answering) return {};
    return {agent.Receipt(arrival, signer_id())};
  });
  {
    DomainSender sender = OpenSender(agent);
    Enqueue(sender, 2);
    const auto nothing = sender.Drive(2, milliseconds(300));
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code(), Code::kAgentSilent);
  }
  answering = true;
  auto again = DomainSender::Open(store_, "payments", signer_, channel_key_, clock_);
  ASSERT_TRUE(again);
  const auto deliveries = again->Drive(2, kPatience);
  ASSERT_TRUE(deliveries) << deliveries.error().OneLine();
  EXPECT_EQ(SequencesOf(*deliveries), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(again->Enqueue(SomeRequest(), seal_).value(), 3U);
}

TEST_F(SenderTest, AnAgentThatWasRestoredStopsTheDomain) {
  bool restored = false;
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) -> std::vector<wire::Reply> {
    if (restored) return {FakeAgent::Expected(arrival, 2)};
    return {agent.Receipt(arrival, signer_id())};
  });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 3);
  ASSERT_TRUE(sender.Drive(3, kPatience));
  restored = true;
  Enqueue(sender, 1);
  const auto stopped = sender.Drive(4, kPatience);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Code::kSequenceDiverged);
  EXPECT_NE(stopped.error().what().find("the agent was restored"), std::string::npos) << stopped.error().what();
  EXPECT_EQ(sender.Enqueue(SomeRequest(), seal_).error().code(), Code::kSequenceDiverged);
  EXPECT_FALSE(store_.FindDomain("payments").value().stopped.empty());
}

TEST_F(SenderTest, AKmsThatWasRestoredStopsTheDomain) {
  FakeAgent agent([](const FakeAgent::Arrival& arrival) { return std::vector{FakeAgent::Expected(arrival, 9)}; });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 1);
  const auto stopped = sender.Drive(1, kPatience);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Code::kSequenceDiverged);
  EXPECT_NE(stopped.error().what().find("this KMS was restored"), std::string::npos) << stopped.error().what();
}

TEST_F(SenderTest, ARefusalThatConsumedNothingIsTheCallersError) {
  FakeAgent agent(
      [](const FakeAgent::Arrival& arrival) { return std::vector{FakeAgent::Refused(arrival, Code::kSignerUnknown)}; });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 1);
  const auto refused = sender.Drive(1, kPatience);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kSignerUnknown);
}

TEST_F(SenderTest, AReceiptOfAnotherBundleOrAgentIsRefused) {
  FakeAgent stranger([](const FakeAgent::Arrival&) { return std::vector<wire::Reply>(); });
  bool from_stranger = false;
  FakeAgent agent([&](const FakeAgent::Arrival& arrival) -> std::vector<wire::Reply> {
    if (from_stranger) return {stranger.Receipt(arrival, signer_id())};
    FakeAgent::Arrival other = arrival;
    other.sequence += 1;
    wire::Reply reply = agent.Receipt(other, signer_id());
    reply.envelope_sha256 = arrival.digest;
    return {reply};
  });
  DomainSender sender = OpenSender(agent);
  Enqueue(sender, 1);
  EXPECT_EQ(sender.Drive(1, kPatience).error().code(), Code::kReceiptWrong);
  from_stranger = true;
  EXPECT_EQ(sender.Drive(1, kPatience).error().code(), Code::kReceiptWrong);
  EXPECT_TRUE(store_.FindBundle("payments", 1).value()->receipt.empty());
}

TEST_F(SenderTest, OneProcessAtATimeSendsToADomain) {
  FakeAgent agent([](const FakeAgent::Arrival&) { return std::vector<wire::Reply>(); });
  const DomainSender sender = OpenSender(agent);
  const auto second = DomainSender::Open(store_, "payments", signer_, channel_key_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kLocked);
}

TEST_F(SenderTest, WhatTheAgentWouldRefuseAsMalformedTakesNoNumber) {
  FakeAgent agent([](const FakeAgent::Arrival&) { return std::vector<wire::Reply>(); });
  DomainSender sender = OpenSender(agent);
  BundleRequest request = SomeRequest();
  request.items.front().label.clear();
  EXPECT_FALSE(sender.Enqueue(request, seal_));
  EXPECT_EQ(sender.Enqueue(SomeRequest(), seal_).value(), 1U);
}

TEST_F(SenderTest, AnUnknownDomainIsNamedWithTheKnownOnes) {
  FakeAgent agent([](const FakeAgent::Arrival&) { return std::vector<wire::Reply>(); });
  ASSERT_TRUE(store_.PutDomain(agent.Domain("payments")));
  const auto unknown = DomainSender::Open(store_, "payment", signer_, channel_key_, clock_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kAgentUnknown);
  EXPECT_NE(unknown.error().what().find("payments"), std::string::npos);
}

}  // namespace
}  // namespace keyferry::sender
