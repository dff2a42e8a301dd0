// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/daemon/journal_fixture.h"

namespace keyferry::daemon {
namespace {

class ConclusionTest : public JournalTest {
 protected:
  void SetUp() override {
    Open();
    Push({.sequence = 1});
    admission = Take();
    fakes::FakeWorker worker(IdOfKey(agent.public_key()), signers, receipt_key);
    answer = worker.Execute(admission->envelope());
    worker.SetLying(true);
    lie = worker.Execute(admission->envelope());
  }
  Code CodeFor(const channel::ExecuteAnswer& given, ByteView key, const Id16& id) const {
    const auto made =
        Conclusion::ByWorker(*admission, {.octets = given.statement, .signature = given.signature}, key, id);
    return made ? Code::kInternal : made.error().code();
  }

  std::optional<Admission> admission;
  channel::ExecuteAnswer answer;
  channel::ExecuteAnswer lie;
};

TEST_F(ConclusionTest, TakesTheStatementOfThisBundleByThisKey) {
  EXPECT_EQ(CodeFor(answer, receipt_key.Spki(), IdOfKey(agent.public_key())), Code::kInternal);
}

TEST_F(ConclusionTest, RefusesEveryOtherStatement) {
  const Id16 id = IdOfKey(agent.public_key());
  EXPECT_EQ(CodeFor(lie, receipt_key.Spki(), id), Code::kStatementWrong) << "another sequence";
  EXPECT_EQ(CodeFor(answer, fakes::SoftReceiptKey().Spki(), id), Code::kStatementWrong) << "another key";
  EXPECT_EQ(CodeFor(answer, receipt_key.Spki(), Id16{}), Code::kStatementWrong) << "another agent";
  auto changed = answer;
  changed.statement.back() ^= 1;
  EXPECT_EQ(CodeFor(changed, receipt_key.Spki(), id), Code::kStatementWrong) << "a changed octet";
}

TEST_F(ConclusionTest, AnAgentsOwnCarriesNoStatement) {
  const auto own = Conclusion::ByAgent(*admission, wire::Outcome::kExpired, "time.expired", "too late");
  EXPECT_EQ(own.body().attested_by, wire::AttestedBy::kAgent);
  EXPECT_TRUE(own.body().statement.empty());
  EXPECT_EQ(own.body().envelope_sha256, admission->digest());
}

}  // namespace
}  // namespace keyferry::daemon
