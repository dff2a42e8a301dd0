// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/divergence.h"

#include "tests/unit/daemon/journal_fixture.h"

namespace keyferry::daemon {
namespace {

using Ledger = std::vector<channel::LastOfSigner>;
using Numbers = std::vector<SignerNumbers>;

constexpr Id16 kOne = {1};
constexpr Id16 kTwo = {2};

struct AgreementCase {
  const char* name;
  Ledger ledger;
  Numbers journal;
  const char* restored;  // whose state directory was; nullptr: they agree
};

const AgreementCase kCases[] = {
    {"both are new", {}, {}, nullptr},
    {"a signer that has sent nothing", {}, {{kOne, 0, 0}}, nullptr},
    {"level", {{kOne, 5}}, {{kOne, 5, 5}}, nullptr},
    {"accepted and not executed", {{kOne, 5}}, {{kOne, 9, 5}}, nullptr},
    {"in hand: begun or done there, not concluded here", {{kOne, 6}}, {{kOne, 6, 5}}, nullptr},
    {"in hand, and more waits", {{kOne, 6}}, {{kOne, 9, 5}}, nullptr},
    {"refused by the agent alone, or for the seal", {{kOne, 3}}, {{kOne, 9, 3}}, nullptr},
    {"nothing but refusals", {}, {{kOne, 9, 0}}, nullptr},
    {"two signers", {{kOne, 5}, {kTwo, 70}}, {{kTwo, 70, 70}, {kOne, 5, 5}}, nullptr},
    {"the ledger is ahead", {{kOne, 6}}, {{kOne, 5, 5}}, "daemon's"},
    {"the ledger is ahead, with some waiting", {{kOne, 10}}, {{kOne, 9, 5}}, "daemon's"},
    {"the journal is new", {{kOne, 1}}, {{kOne, 0, 0}}, "daemon's"},
    {"the journal does not name the signer", {{kOne, 1}}, {}, "daemon's"},
    {"the second signer's is ahead", {{kOne, 5}, {kTwo, 6}}, {{kOne, 9, 5}, {kTwo, 5, 5}}, "daemon's"},
    {"the ledger is behind", {{kOne, 4}}, {{kOne, 5, 5}}, "worker's"},
    {"the ledger is behind, with some waiting", {{kOne, 4}}, {{kOne, 9, 5}}, "worker's"},
    {"the ledger is new", {}, {{kOne, 5, 5}}, "worker's"},
    {"the second signer's is behind", {{kOne, 5}, {kTwo, 4}}, {{kOne, 5, 5}, {kTwo, 5, 5}}, "worker's"},
};

TEST(Divergence, TellsRestoredFromInHand) {
  for (const AgreementCase& one : kCases) {
    const Status agreed = CheckAgreement(one.ledger, one.journal);
    EXPECT_EQ(agreed.has_value(), one.restored == nullptr) << one.name;
    if (agreed || one.restored == nullptr) continue;
    EXPECT_EQ(agreed.error().code(), Code::kSequenceDiverged) << one.name;
    const std::string whose = "the " + std::string(one.restored) + " state directory was restored";
    EXPECT_NE(agreed.error().what().find(whose), std::string::npos) << one.name << ": " << agreed.error().what();
  }
}

TEST(Divergence, KnowsWhatTheWorkerWroteDown) {
  wire::ReceiptBody body;
  body.attested_by = wire::AttestedBy::kWorker;
  EXPECT_TRUE(IsInLedger(body));
  for (const char* code : {"time.expired", "partial", "item.policy", "sequence.used"}) {
    body.code = code;
    EXPECT_TRUE(IsInLedger(body)) << code;
  }
  for (const char* code : {"trust.seal-wrong", "trust.wrong-generation"}) {
    body.code = code;
    EXPECT_FALSE(IsInLedger(body)) << code;
  }
  body.code.clear();
  body.attested_by = wire::AttestedBy::kAgent;
  EXPECT_FALSE(IsInLedger(body));
}

class NumbersOfJournal : public JournalTest {
 protected:
  SignerNumbers Of(const Id16& of, std::uint8_t domain = 7) {
    std::vector<SignerNumbers> numbers;
    const Status done = journal->InOne([&]() -> Status {
      KF_TRY(numbers, journal->Numbers(Domain(domain), {&of, 1}));
      return {};
    });
    EXPECT_TRUE(done) << done.error().OneLine();
    return numbers.at(0);
  }
  void ExpectNumbers(std::uint64_t last, std::uint64_t executed) {
    const SignerNumbers numbers = Of(signers[0].id);
    EXPECT_EQ(numbers.last, last);
    EXPECT_EQ(numbers.executed, executed);
  }
};

TEST_F(NumbersOfJournal, CountWhatWasAcceptedAndWhatTheWorkerConcluded) {
  ExpectNumbers(0, 0);
  Push({.sequence = 1});
  ExpectNumbers(1, 0);
  Conclude(WorkerConclusion(*Take()));
  ExpectNumbers(1, 1);
  Push({.sequence = 2});
  Conclude(Conclusion::ByAgent(*Take(), wire::Outcome::kRefused, "sequence.used", ""));
  ExpectNumbers(2, 1);
  Push({.sequence = 3, .accept_in = 0});
  ExpectNumbers(3, 1);
  Push({.sequence = 4});
  Conclude(WorkerConclusion(*Take()));
  ExpectNumbers(4, 4);
  EXPECT_EQ(Of(signers[1].id).last, 0U);
  EXPECT_EQ(Of(signers[0].id, 8).last, 0U);
}

}  // namespace
}  // namespace keyferry::daemon
