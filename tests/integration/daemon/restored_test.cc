// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <signal.h>

#include <filesystem>
#include <thread>

#include "tests/integration/daemon/world.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;
using wire::ReplyKind;

// A state directory that was put back from a copy, on either side.
class Restored : public World {
 protected:
  void SetUp() override {
    WriteRecord();
    StartWorker();
    StartDaemon();
    Deliver(1, 3);
  }
  void Deliver(std::uint64_t first, std::uint64_t last) {
    const auto dealer = Connect();
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      dealer->Push(Bundle({.sequence = sequence}));
      EXPECT_EQ(Verified(NextReceipt(*dealer).receipt).body.outcome, wire::Outcome::kOk);
    }
  }
  void StopDaemon() {
    daemon->Signal(SIGTERM);
    EXPECT_EQ(daemon->Wait(), 0);
  }
  std::string Copy() const { return directory + "/copy"; }
  std::string State() const { return directory + "/agent"; }
  static void Replace(const std::string& to, const std::string& from) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
  void RestoreDaemon() {
    StopDaemon();
    Replace(State(), Copy());
    StartDaemon();
  }
  bool IsStopped() const { return !DomainStatus().Find("stopped")->IsNull(); }
  std::size_t AuditLines(const std::string& event) const {
    const std::string log = AuditLog();
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = log.find("\"event\":\"" + event + "\"", at)) != std::string::npos; ++at) ++lines;
    return lines;
  }
  // Nothing is taken, stored or executed, and people are told: once.
  void ExpectStopped(const std::string& whose, std::uint64_t expected) {
    ASSERT_TRUE(Eventually([&] { return IsStopped(); }));
    const auto executed = worker->Executed();
    const auto dealer = Connect();
    const auto reply = PushAndGetReply(*dealer, {.sequence = expected});
    EXPECT_EQ(reply.kind, ReplyKind::kError);
    EXPECT_EQ(reply.code, "sequence.diverged");
    EXPECT_NE(reply.message.find(whose + " state directory was restored"), std::string::npos) << reply.message;
    EXPECT_EQ(ExpectedNumber(*dealer), expected) << "nothing was stored";
    EXPECT_EQ(*DomainStatus().Text("stopped"), "sequence.diverged");
    EXPECT_NE(Status().Dump().find("domain payments: stopped: "), std::string::npos);
    // It is looked at again about once a second.
    std::this_thread::sleep_for(milliseconds(2500));
    EXPECT_EQ(AuditLines("domain stopped"), 1U);
    EXPECT_EQ(worker->Executed(), executed);
  }
};

TEST_F(Restored, AnOlderJournalStopsTheDomainUntilTheNewerOneIsBack) {
  StopDaemon();
  Replace(Copy(), State());
  StartDaemon();
  Deliver(4, 5);
  StopDaemon();
  Replace(directory + "/newest", State());
  StartDaemon();
  RestoreDaemon();
  ExpectStopped("daemon's", 4);
  StopDaemon();
  Replace(State(), directory + "/newest");
  StartDaemon();
  Deliver(6, 6);
  EXPECT_FALSE(IsStopped());
}

TEST_F(Restored, AnOlderLedgerStopsTheDomainUntilTheNewerOneIsBack) {
  const Id16 signer_id = IdOfKey(signer.public_key());
  worker->RestoreLedger({{{signer_id, 2}}});
  ExpectStopped("worker's", 4);
  worker->RestoreLedger({{{signer_id, 3}}});
  ASSERT_TRUE(Eventually([&] { return !IsStopped(); }));
  EXPECT_TRUE(Eventually([&] { return AuditLines("domain resumed") == 1; }));
  Deliver(4, 4);
}

// What was accepted while the worker was away is not handed to one with another ledger.
TEST_F(Restored, AWorkerThatComesBackWithAnotherLedgerExecutesNothing) {
  worker->Stop();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 4}).kind, ReplyKind::kAccepted);
  worker->RestoreLedger({std::map<Id16, std::uint64_t>()});
  StartWorker();
  ExpectStopped("worker's", 5);
  EXPECT_EQ(worker->Executed(), (std::vector<std::uint64_t>{1, 2, 3}));
  worker->RestoreLedger({{{IdOfKey(signer.public_key()), 3}}});
  EXPECT_EQ(NextReceipt(*dealer).sequence, 4U);
}

TEST_F(Restored, ALedgerThatCannotBeReadYetIsWaitedFor) {
  worker->RestoreLedger(std::nullopt);
  StopDaemon();
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 4}).kind, ReplyKind::kAccepted);
  EXPECT_FALSE(dealer->Receive(milliseconds(1500)));
  EXPECT_FALSE(IsStopped());
  worker->RestoreLedger({{{IdOfKey(signer.public_key()), 3}}});
  EXPECT_EQ(NextReceipt(*dealer).sequence, 4U);
}

// Kills between the worker's outcome and the journal's leave the ledger level with what was accepted.
TEST_F(Restored, WhatIsInHandIsNoFalseAlarm) {
  worker->SetDelay(milliseconds(300));
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 4}).kind, ReplyKind::kAccepted);
  ASSERT_TRUE(Eventually([&] { return worker->Calls() == 4; }));
  daemon->Signal(SIGKILL);
  daemon->Wait();
  ASSERT_TRUE(Eventually([&] { return worker->Executed().size() == 4; }));
  StartDaemon();
  EXPECT_EQ(Verified(AskForReceipt(4)).body.outcome, wire::Outcome::kOk);
  EXPECT_EQ(AuditLines("domain stopped"), 0U);
  EXPECT_EQ(worker->Executed().size(), 4U);
}

}  // namespace
}  // namespace keyferry::daemon
