// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/limits.h"
#include "tests/integration/daemon/world.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;
using wire::ReplyKind;

// How long silence is watched: a reply, if there were one, takes a few milliseconds.
constexpr milliseconds kSilence{1500};

class Refusal : public World {
 protected:
  void SetUp() override {
    WriteRecord();
    StartWorker();
    StartDaemon();
  }
  // Nothing was stored: number 1 is still the next, and is taken.
  void ExpectNoState(fakes::Dealer& dealer) {
    EXPECT_EQ(ExpectedNumber(dealer), 1U);
    EXPECT_EQ(PushAndGetReply(dealer, {.sequence = 1}).kind, ReplyKind::kAccepted);
  }
  bool AuditLogHas(const std::string& text) {
    return Eventually([&] { return AuditLog().find(text) != std::string::npos; });
  }
};

TEST_F(Refusal, AStrangerGetsNothing) {
  const auto keys = fakes::CurveKeys::Make();
  fakes::Dealer stranger(endpoint, agent.channel_public, keys);
  stranger.Push(Bundle({.sequence = 1}));
  EXPECT_FALSE(stranger.Receive(kSilence));
  EXPECT_TRUE(AuditLogHas("\"event\":\"refused\",\"code\":\"trust.peer-unknown\""));
  ExpectNoState(*Connect());
}

TEST_F(Refusal, StrangersDoNotFillTheAuditLog) {
  const auto keys = fakes::CurveKeys::Make();
  for (int i = 0; i < 50; ++i) {
    fakes::Dealer stranger(endpoint, agent.channel_public, keys);
    stranger.Push(Bundle({.sequence = 1}));
    EXPECT_FALSE(stranger.Receive(milliseconds(10)));
  }
  const auto dealer = Connect();
  ExpectNoState(*dealer);
  const std::string log = AuditLog();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = log.find("trust.peer-unknown", at)) != std::string::npos; ++at) ++lines;
  EXPECT_LE(lines, 2U);
}

TEST_F(Refusal, APeerThatWasRemovedGetsNothingOnItsOldConnection) {
  const auto removed = fakes::CurveKeys::Make();
  record.peers.push_back(removed.public_key);
  WriteRecord();
  std::unique_ptr<fakes::Dealer> peer;
  // A connection that was turned away is not tried again by libzmq: a new one each time.
  ASSERT_TRUE(Eventually([&] {
    peer = std::make_unique<fakes::Dealer>(endpoint, agent.channel_public, removed);
    peer->Ask(AskFor(1));
    return peer->Receive(milliseconds(300)).has_value();
  }));
  record.peers.pop_back();
  WriteRecord();
  ASSERT_TRUE(Eventually([&] {
    peer->Ask(AskFor(1));
    return !peer->Receive(kSilence).has_value();
  }));
  EXPECT_TRUE(AuditLogHas(HexEncode(removed.public_key)));
  ExpectNoState(*Connect());
}

TEST_F(Refusal, WhatIsNotForThisAgentOrDomainOrOfAnUnknownSignerLeavesNoState) {
  const auto dealer = Connect();
  const std::pair<Wish, std::string> cases[] = {
      {{.sequence = 1, .wrong_agent = true}, "trust.wrong-agent"},
      {{.sequence = 1, .wrong_domain = true}, "trust.wrong-domain"},
      {{.sequence = 1, .unknown_signer = true}, "trust.signer-unknown"},
  };
  for (const auto& [wish, code] : cases) {
    const auto reply = PushAndGetReply(*dealer, wish);
    EXPECT_EQ(reply.kind, ReplyKind::kError);
    EXPECT_EQ(reply.code, code);
    EXPECT_TRUE(reply.receipt.empty());
    EXPECT_TRUE(AuditLogHas("\"code\":\"" + code + "\""));
  }
  ExpectNoState(*dealer);
}

TEST_F(Refusal, ABundleWithOneBitChangedAnywhereGetsAPlainError) {
  const auto dealer = Connect();
  const Bytes good = Bundle({.sequence = 1});
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes changed = good;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    dealer->Push(changed);
    const auto reply = Next(*dealer);
    ASSERT_EQ(reply.kind, ReplyKind::kError) << "octet " << at;
    ASSERT_TRUE(reply.code.starts_with("trust.") || reply.code.starts_with("wire.")) << reply.code;
    ASSERT_EQ(reply.envelope_sha256, Sha256(changed));
  }
  EXPECT_EQ(worker->Calls(), 0);
  ExpectNoState(*dealer);
}

TEST_F(Refusal, MessagesThatAreNoneGetAPlainError) {
  const auto dealer = Connect();
  const auto frames = wire::SplitFrames(wire::MessageType::kPush, Bundle({.sequence = 1}));
  Bytes wrong_magic = frames[0];
  wrong_magic[0] ^= 1;
  const std::vector<std::vector<Bytes>> messages = {
      {Bytes{}},
      {Bytes(5, 'h')},
      {wrong_magic, frames[1]},
      {frames[0]},
      {frames[0], frames[1], frames[1]},
      {frames[0], Bytes(frames[1].size(), 0)},
      wire::SplitFrames(wire::MessageType::kReply, Bytes(3, 1)),
      wire::SplitFrames(wire::MessageType::kAsk, Bytes(3, 0xFF)),
      std::vector<Bytes>(wire::limits::kFrames + 2, Bytes(1, 1)),
  };
  for (const auto& message : messages) {
    dealer->SendFrames(message);
    EXPECT_EQ(Next(*dealer).kind, ReplyKind::kError);
  }
  ExpectNoState(*dealer);
}

TEST_F(Refusal, AFrameAboveTheLimitEndsTheConnectionOnly) {
  const auto dealer = Connect();
  EXPECT_EQ(ExpectedNumber(*dealer), 1U);
  const auto other = Connect();
  other->SendFrames({Bytes(wire::limits::kFrameBytes + 1, 'x')});
  EXPECT_FALSE(other->Receive(kSilence));
  ExpectNoState(*dealer);
}

TEST_F(Refusal, PastAcceptBeforeItIsRefusedWithAReceipt) {
  const auto dealer = Connect();
  dealer->Push(Bundle({.sequence = 1, .accept_in = -10}));
  const auto receipt = Verified(NextReceipt(*dealer).receipt);
  EXPECT_EQ(receipt.body.code, "time.expired");
  EXPECT_EQ(ExpectedNumber(*dealer), 2U);
  EXPECT_EQ(worker->Calls(), 0);
}

TEST_F(Refusal, AnAskForADomainThatThePeerDoesNotHaveIsRefused) {
  const auto dealer = Connect();
  auto ask = AskFor(1);
  ask.domain[0] ^= 1;
  dealer->Ask(ask);
  const auto reply = Next(*dealer);
  EXPECT_EQ(reply.kind, ReplyKind::kError);
  EXPECT_EQ(reply.code, "trust.wrong-domain");
}

}  // namespace
}  // namespace keyferry::daemon
