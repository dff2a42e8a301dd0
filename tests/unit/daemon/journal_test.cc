// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <fstream>

#include "agent/daemon/journal_rows.h"
#include "protocol/base/file.h"
#include "tests/unit/daemon/journal_fixture.h"

namespace keyferry::daemon {
namespace {

using Kind = Decision::Kind;
using wire::ReplyKind;

// Every answer that a push may get, on a journal with number 1 concluded, 2 and 3 accepted.
struct AdmitCase {
  const char* name;
  BundleWish wish;
  std::size_t queue;
  ReplyKind reply;
  const char* code;
  std::uint64_t expected;
};

const AdmitCase kCases[] = {
    {"concluded, same", {.sequence = 1}, 64, ReplyKind::kReceipt, "", 0},
    {"concluded, other digest", {.sequence = 1, .label = "x"}, 64, ReplyKind::kError, "sequence.used", 0},
    {"accepted, same", {.sequence = 2}, 64, ReplyKind::kInProgress, "in-progress", 0},
    {"accepted, same, queue full", {.sequence = 3}, 2, ReplyKind::kInProgress, "in-progress", 0},
    {"accepted, other digest", {.sequence = 3, .label = "x"}, 64, ReplyKind::kError, "sequence.used", 0},
    {"next", {.sequence = 4}, 64, ReplyKind::kAccepted, "", 0},
    {"next, room for one", {.sequence = 4}, 3, ReplyKind::kAccepted, "", 0},
    {"next, queue full", {.sequence = 4}, 2, ReplyKind::kBusy, "busy", 0},
    {"early", {.sequence = 5}, 64, ReplyKind::kExpected, "sequence.expected", 4},
    {"early, queue full", {.sequence = 5}, 2, ReplyKind::kExpected, "sequence.expected", 4},
    {"early and too late", {.sequence = 5, .accept_in = -1}, 64, ReplyKind::kExpected, "sequence.expected", 4},
    {"far", {.sequence = 0x7FFFFFFFFFFFFFFF}, 64, ReplyKind::kExpected, "sequence.expected", 4},
    {"too late", {.sequence = 4, .accept_in = 0}, 64, ReplyKind::kReceipt, "", 0},
    {"too late, queue full", {.sequence = 4, .accept_in = 0}, 2, ReplyKind::kBusy, "busy", 0},
    {"another signer's first", {.sequence = 1, .other_signer = true}, 64, ReplyKind::kAccepted, "", 0},
    {"another signer's second",
     {.sequence = 2, .other_signer = true},
     64,
     ReplyKind::kExpected,
     "sequence.expected",
     1},
    {"another domain's first", {.sequence = 1, .domain = 8}, 1, ReplyKind::kAccepted, "", 0},
    {"another domain's fourth", {.sequence = 4, .domain = 8}, 64, ReplyKind::kExpected, "sequence.expected", 1},
};

class Admit : public JournalTest, public testing::WithParamInterface<AdmitCase> {};

TEST_P(Admit, DecidesAsTheDesignSays) {
  Push({.sequence = 1});
  Conclude(WorkerConclusion(*Take()));
  Push({.sequence = 2});
  Push({.sequence = 3});
  const auto lines = journal->audit().count();

  const AdmitCase& one = GetParam();
  const Decision decision = Push(one.wish, one.queue);
  EXPECT_EQ(decision.reply.kind, one.reply);
  EXPECT_EQ(decision.reply.code, one.code);
  EXPECT_EQ(decision.reply.expected, one.expected);
  EXPECT_EQ(decision.reply.sequence, one.wish.sequence);
  EXPECT_EQ(decision.reply.retry_after_ms > 0, one.reply == ReplyKind::kBusy);
  EXPECT_EQ(decision.reply.envelope_sha256, Bundle(one.wish).digest());

  // What was turned away or served again left nothing behind: no line, no number.
  if (decision.kind == Kind::kTurnedAway || decision.kind == Kind::kServedAgain) {
    EXPECT_EQ(journal->audit().count(), lines);
    EXPECT_EQ(Push({.sequence = 4}).reply.kind, ReplyKind::kAccepted);
  }
}

INSTANTIATE_TEST_SUITE_P(AllAnswers, Admit, testing::ValuesIn(kCases), [](const auto& one) {
  std::string name = one.param.name;
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return name;
});

TEST_F(JournalTest, TooLateConsumesItsNumberAndGetsOneReceipt) {
  const Decision first = Push({.sequence = 1, .accept_in = -1});
  EXPECT_EQ(first.kind, Kind::kRefused);
  const auto receipt = seal::VerifyReceipt(first.reply.receipt, agent.public_key(), receipt_key.Spki());
  ASSERT_TRUE(receipt) << receipt.error().OneLine();
  EXPECT_EQ(receipt->body.attested_by, wire::AttestedBy::kAgent);
  EXPECT_EQ(receipt->body.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(receipt->body.code, "time.expired");
  EXPECT_EQ(Push({.sequence = 1, .accept_in = -1}).reply.receipt, first.reply.receipt);
  EXPECT_EQ(Push({.sequence = 2}).reply.kind, ReplyKind::kAccepted);
  EXPECT_EQ(Take()->sequence(), 2U);
}

TEST_F(JournalTest, AClockThatWentBackStopsDatedBundlesEvenAfterARestart) {
  Push({.sequence = 1});
  clock.now -= Journal::kClockSlack;
  EXPECT_EQ(Push({.sequence = 2}).reply.kind, ReplyKind::kAccepted);
  clock.now -= 1;
  for (int start = 0; start < 2; ++start) {
    const Decision held = Push({.sequence = 3});
    EXPECT_EQ(held.reply.kind, ReplyKind::kBusy);
    EXPECT_EQ(held.reply.code, "time.clock-behind");
    Close();
    Open();
  }
  clock.now += 1;
  EXPECT_EQ(Push({.sequence = 3}).reply.kind, ReplyKind::kAccepted);
}

TEST_F(JournalTest, ManyInOneGroupAreTakenInOrder) {
  std::vector<ReplyKind> answers;
  ASSERT_TRUE(journal->InOne([&]() -> Status {
    for (const std::uint64_t sequence : {1U, 2U, 4U, 3U}) {
      KF_TRY(const Decision decision, journal->Admit(Bundle({.sequence = sequence}), 64, wire::Separation::kNone));
      answers.push_back(decision.reply.kind);
    }
    return {};
  }));
  EXPECT_EQ(answers,
            (std::vector{ReplyKind::kAccepted, ReplyKind::kAccepted, ReplyKind::kExpected, ReplyKind::kAccepted}));
}

TEST_F(JournalTest, AGroupThatFailsLeavesNothing) {
  Push({.sequence = 1});
  const auto head = journal->audit().head();
  const Status failed = journal->InOne([&]() -> Status {
    clock.now += 1000;
    KF_TRY(const Decision decision, journal->Admit(Bundle({.sequence = 2}), 64, wire::Separation::kNone));
    EXPECT_EQ(decision.kind, Kind::kAccepted);
    return std::unexpected(Error::Make(Code::kStoreFull, "no space"));
  });
  EXPECT_EQ(failed.error().code(), Code::kStoreFull);
  clock.now -= 1000;
  EXPECT_FALSE(journal->ClockBehind());
  EXPECT_EQ(journal->audit().head(), head);
  EXPECT_TRUE(journal->audit().Flush());
  EXPECT_EQ(AuditLines().size(), 1U);
  EXPECT_EQ(Ask(2).reply.kind, ReplyKind::kExpected);
  EXPECT_EQ(Push({.sequence = 2}).reply.kind, ReplyKind::kAccepted);
}

TEST_F(JournalTest, WhatWasAcceptedIsTakenInOrderAfterARestart) {
  for (const std::uint64_t sequence : {1U, 2U, 3U}) Push({.sequence = sequence, .install_before = 5});
  EXPECT_FALSE(Take(7, false)->begun());
  EXPECT_TRUE(Take(7, true)->begun());
  ASSERT_TRUE(journal->InOne([&] { return journal->MarkLost(1); }));
  Close();
  Open();
  for (const std::uint64_t sequence : {1U, 2U, 3U}) {
    const auto admission = Take();
    ASSERT_TRUE(admission);
    EXPECT_EQ(admission->sequence(), sequence);
    EXPECT_EQ(admission->begun(), sequence == 1);
    EXPECT_EQ(admission->lost(), sequence == 1 ? 1 : 0);
    EXPECT_EQ(admission->install_before(), 5);
    EXPECT_EQ(Bytes(admission->envelope()), Bundle({.sequence = sequence, .install_before = 5}).envelope());
    Conclude(WorkerConclusion(*admission));
  }
  EXPECT_FALSE(Take());
}

TEST_F(JournalTest, AReceiptIsMadeOnceAndCarriesTheLogsHead) {
  Push({.sequence = 1});
  const auto admission = Take();
  const auto conclusion = WorkerConclusion(*admission);
  const Bytes first = Conclude(conclusion);
  const auto verified = seal::VerifyReceipt(first, agent.public_key(), receipt_key.Spki());
  ASSERT_TRUE(verified) << verified.error().OneLine();
  EXPECT_EQ(verified->body.attested_by, wire::AttestedBy::kWorker);
  EXPECT_EQ(verified->body.separation, wire::Separation::kUsers);
  EXPECT_EQ(verified->body.audit_count, journal->audit().count());
  EXPECT_EQ(verified->body.audit_head, journal->audit().head());
  clock.now += 100;
  EXPECT_EQ(Conclude(conclusion), first);
  Close();
  Open();
  EXPECT_EQ(Ask(1).reply.receipt, first);
  EXPECT_EQ(Push({.sequence = 1}).reply.kind, ReplyKind::kError) << "made 100 seconds later it is another bundle";
}

TEST_F(JournalTest, TheEnvelopeGoesWhenItIsConcluded) {
  Push({.sequence = 1, .label = "a label that is easy to find"});
  Conclude(WorkerConclusion(*Take()));
  auto database = Database::Open(JournalPath(), "", kJournalVersion);
  ASSERT_TRUE(database) << database.error().OneLine();
  auto row = database->Prepare("SELECT envelope IS NULL, length(digest) FROM bundle");
  ASSERT_TRUE(*row->Step());
  EXPECT_EQ(row->Integer(0), 1);
  EXPECT_EQ(row->Integer(1), 32);
}

TEST_F(JournalTest, ADamagedOrLostJournalIsNeverReplacedByAnEmptyOne) {
  Push({.sequence = 1});
  Close();
  for (const char* suffix : {"", "-wal", "-shm"}) RemoveDurably(JournalPath() + suffix);
  const auto lost = Journal::Open(JournalPath(), AuditPath(), agent, clock);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kStoreUnreadable);
  EXPECT_FALSE(Exists(JournalPath()));

  std::ofstream(JournalPath()) << "this is no database, and long enough to be looked at as one";
  const auto damaged = Journal::Open(JournalPath(), AuditPath(), agent, clock);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::kStoreUnreadable);
}

}  // namespace
}  // namespace keyferry::daemon
