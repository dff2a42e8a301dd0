// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "tests/unit/worker/executor_fixture.h"

namespace keyferry::worker {
namespace {

using Strings = std::vector<std::string>;
using wire::ItemResult;
using wire::Outcome;

TEST_F(ExecutorTest, InstallsAndSaysWhatItSaw) {
  const auto statement = Conclude(Body(1, {Install("one", 1), Install("two", 2)}));
  EXPECT_EQ(statement.outcome, Outcome::kOk);
  EXPECT_EQ(statement.code, "");
  EXPECT_EQ(statement.signer, domain_.signers[0].id);
  EXPECT_EQ(statement.token_label, "payments");
  EXPECT_TRUE(statement.template_enforced);
  EXPECT_EQ(statement.executed_at, clock_.now);
  ASSERT_EQ(statement.items.size(), 2U);
  EXPECT_EQ(statement.items[1].label, "two");
  EXPECT_EQ(statement.items[1].id, Bytes{2});
  EXPECT_EQ(statement.items[1].evidence.check_value, (Bytes{1, 2, 3}));
  EXPECT_TRUE(statement.items[1].evidence.sensitive);
  EXPECT_EQ(target_.Shown("one"), std::vector<Bytes>{Bytes{1}});
  EXPECT_EQ(clock_.slept.count(), 0) << "nothing was replaced";
  EXPECT_EQ(executor_->summary().objects, 2U);
}

TEST_F(ExecutorTest, AnswersTheSameBundleWithTheSameOctetsAndOneEffect) {
  const Bytes envelope = Seal(Body(1, {Install("one", 1)}));
  const auto first = Execute(envelope);
  ASSERT_TRUE(first);
  const auto calls = target_.calls();
  for (int i = 0; i < 100; ++i) {
    if (i == 50) Restart();
    const auto again = Execute(envelope);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->statement, first->statement);
    EXPECT_EQ(again->signature, first->signature);
  }
  EXPECT_EQ(target_.calls(), calls);
}

TEST_F(ExecutorTest, RefusesAnotherBundleUnderAUsedNumberAndOldNumbers) {
  Conclude(Body(5, {Install("one", 1)}));
  EXPECT_EQ(RefusalOf(Seal(Body(5, {Install("two", 2)}))), "sequence.used");
  EXPECT_EQ(RefusalOf(Seal(Body(4, {Install("two", 2)}))), "sequence.used");
  Conclude(Body(9, {Install("two", 2)}));  // any number above the last
}

TEST_F(ExecutorTest, UpdatesAfterTheOverlapAndDeletesAll) {
  Conclude(Body(1, {Install("one", 1)}));
  const auto statement = Conclude(Body(2, {Update("one", 2, 1)}));
  EXPECT_EQ(statement.items[0].id, Bytes{2});
  EXPECT_EQ(clock_.slept, target_.overlap());
  EXPECT_EQ(target_.Shown("one"), std::vector<Bytes>{Bytes{2}});
  const auto deleted = Conclude(Body(3, {Delete("one", 2)}));
  EXPECT_EQ(deleted.outcome, Outcome::kOk);
  EXPECT_TRUE(deleted.items[0].id.empty());
  EXPECT_EQ(deleted.items[0].evidence.check_method, CheckMethod::kNone);
  EXPECT_TRUE(target_.objects().empty());
  EXPECT_EQ(executor_->summary().objects, 0U);
}

TEST_F(ExecutorTest, WaitsForTheOverlapOnceForAllItems) {
  Conclude(Body(1, {Install("one", 1), Install("two", 2)}));
  Conclude(Body(2, {Update("one", 3, 1), Update("two", 4, 2)}));
  EXPECT_EQ(clock_.slept, target_.overlap());
}

TEST_F(ExecutorTest, DestroysLastInABundle) {
  Conclude(Body(1, {Install("old", 1)}));
  target_.calls().clear();
  Conclude(Body(2, {Delete("old", 1), Install("new", 2)}));
  EXPECT_EQ(target_.calls(),
            (Strings{"stage old", "stage new", "commit old", "commit new", "finish new", "finish old"}));
}

TEST_F(ExecutorTest, SimulatesWithoutTouchingTheTargetAndUsesItsNumberUp) {
  auto body = Body(1, {Install("one", 1), Delete("none", 9)});
  body.simulate = true;
  const auto statement = Conclude(body);
  EXPECT_TRUE(statement.simulated);
  EXPECT_EQ(statement.outcome, Outcome::kPartial);
  EXPECT_EQ(Codes(statement), (Strings{"", "item.missing"}));
  EXPECT_EQ(statement.items[0].evidence.check_value, (Bytes{1, 2, 3}));
  EXPECT_EQ(target_.calls(), (Strings{"stage one", "stage none"}));
  EXPECT_FALSE(ledger_->HoldingOf({.target = "hsm", .object_class = ObjectClass::kSecretKey, .label = "one"})->current);
  EXPECT_EQ(RefusalOf(Seal(Body(1, {Install("one", 1)}))), "sequence.used");
}

TEST_F(ExecutorTest, SimulatesAnAtomicBundleAsAWhole) {
  auto body = Body(1, {Install("one", 1), Delete("none", 9)});
  body.simulate = body.atomic = true;
  const auto statement = Conclude(body);
  EXPECT_EQ(statement.outcome, Outcome::kRefused);
  EXPECT_EQ(Codes(statement), (Strings{"item.undone", "item.missing"}));
}

TEST_F(ExecutorTest, ReportsEachItemOfABundleThatIsNotAtomic) {
  target_.FailNext("commit", "two", Error::Make(Code::kReadBackWrong, "CKA_SENSITIVE reads false"));
  const auto statement = Conclude(Body(1, {Install("one", 1), Install("two", 2), Install("three", 3)}));
  EXPECT_EQ(statement.outcome, Outcome::kPartial);
  EXPECT_EQ(statement.code, "partial");
  EXPECT_EQ(Codes(statement), (Strings{"", "item.read-back-wrong", ""}));
  EXPECT_TRUE(target_.Shown("two").empty());
  EXPECT_EQ(executor_->summary().objects, 2U);
}

TEST_F(ExecutorTest, UndoesAnAtomicBundleLastFirst) {
  Conclude(Body(1, {Install("one", 1)}));
  target_.calls().clear();
  target_.FailNext("commit", "three", Error::Make(Code::kReadBackWrong, "CKA_SENSITIVE reads false"));
  auto body = Body(2, {Update("one", 2, 1), Install("two", 3), Install("three", 4), Install("four", 5)});
  body.atomic = true;
  const auto statement = Conclude(body);
  EXPECT_EQ(statement.outcome, Outcome::kRefused);
  EXPECT_EQ(statement.code, "item.read-back-wrong");
  EXPECT_EQ(Codes(statement), (Strings{"item.undone", "item.undone", "item.read-back-wrong", "item.undone"}));
  EXPECT_EQ(statement.items[0].result, ItemResult::kUndone);
  EXPECT_EQ(statement.items[0].id, Bytes{1}) << "the version before is current again";
  EXPECT_EQ(target_.calls(), (Strings{"stage one", "stage two", "stage three", "stage four", "commit one", "commit two",
                                      "commit three", "undo three", "undo two", "undo one"}));
  EXPECT_EQ(target_.Shown("one"), std::vector<Bytes>{Bytes{1}});
  EXPECT_EQ(target_.objects().size(), 1U);
}

TEST_F(ExecutorTest, CommitsNothingOfAnAtomicBundleWithARefusal) {
  auto body = Body(1, {Install("one", 1), Delete("none", 9)});
  body.atomic = true;
  EXPECT_EQ(Conclude(body).outcome, Outcome::kRefused);
  EXPECT_EQ(target_.calls(), (Strings{"stage one", "stage none"}));
}

TEST_F(ExecutorTest, ConcludesNothingWhileTheTokenIsAway) {
  const Bytes envelope = Seal(Body(1, {Install("one", 1)}));
  target_.FailNext("stage", "one", kAway, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Execute(envelope).error().code(), Code::kTokenFailed);
  EXPECT_FALSE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1})).has_value()) << "nothing was begun";
  EXPECT_EQ(target_.calls().back(), "invalidate");
  EXPECT_EQ(Concluded(envelope).outcome, Outcome::kOk);
  EXPECT_EQ(std::ranges::count(target_.calls(), "recover 1"), 0);
}

TEST_F(ExecutorTest, ExpiresWhatWasNeverBegunWhileTheTokenWasAway) {
  auto body = Body(1, {Install("one", 1)});
  body.install_before = clock_.now + 100;
  target_.FailNext("stage", "one", kAway);
  ASSERT_FALSE(Execute(Seal(body)));
  clock_.now += 1000;
  EXPECT_EQ(Conclude(body).outcome, Outcome::kExpired);
  EXPECT_TRUE(target_.objects().empty());
}

TEST_F(ExecutorTest, ProbesBeforeItGoesOnAfterACallThatDiedHalfWay) {
  auto body = Body(1, {Install("one", 1), Install("two", 2)});
  body.install_before = clock_.now + 100;
  const Bytes envelope = Seal(body);
  target_.FailNext("commit", "two", kUncertain);
  ASSERT_FALSE(Execute(envelope));
  EXPECT_FALSE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1}))->done);
  Restart();
  clock_.now += 1000;  // begun in time: finished
  target_.calls().clear();
  EXPECT_EQ(Concluded(envelope).outcome, Outcome::kOk);
  EXPECT_EQ(target_.calls().front(), "recover 2");
  EXPECT_EQ(target_.Shown("two"), std::vector<Bytes>{Bytes{2}});
  EXPECT_EQ(RefusalOf(Seal(Body(1, {Install("three", 3)}))), "sequence.used");
}

// What is recovered is removed where it is not what the item says: a version that stands in the ledger is no leftover.
TEST_F(ExecutorTest, RecoversNothingUnderTheIdOfAVersionThatIsInstalled) {
  ASSERT_EQ(Conclude(Body(1, {Install("one", 1)})).outcome, Outcome::kOk);
  const Bytes envelope = Seal(Body(2, {Install("one", 1), Install("two", 2)}));
  target_.FailNext("commit", "two", kUncertain);
  ASSERT_FALSE(Execute(envelope));
  Restart();
  target_.calls().clear();
  EXPECT_EQ(Concluded(envelope).outcome, Outcome::kPartial);
  EXPECT_EQ(target_.calls().front(), "recover 1");
  EXPECT_EQ(target_.Shown("one"), std::vector<Bytes>{Bytes{1}});
}

TEST_F(ExecutorTest, RefusesAnotherBundleUnderANumberThatWasBegun) {
  target_.FailNext("commit", "one", kUncertain);
  ASSERT_FALSE(Execute(Seal(Body(1, {Install("one", 1)}))));
  EXPECT_EQ(RefusalOf(Seal(Body(1, {Install("two", 2)}))), "sequence.used");
}

TEST_F(ExecutorTest, FinishesAgainWhereTheStatementCouldNotBeSigned) {
  const Bytes envelope = Seal(Body(1, {Install("one", 1)}));
  receipt_key_.failure = kAway;
  EXPECT_EQ(Execute(envelope).error().code(), Code::kTokenFailed);
  receipt_key_.failure.reset();
  EXPECT_EQ(Concluded(envelope).outcome, Outcome::kOk);
  EXPECT_EQ(target_.objects().size(), 1U);
}

TEST_F(ExecutorTest, TakesBackWhatABegunAtomicBundleLeftWhereItIsRefusedNow) {
  auto body = Body(1, {Install("one", 1), Install("two", 2)});
  body.atomic = true;
  target_.FailNext("commit", "two", kUncertain);
  ASSERT_FALSE(Execute(Seal(body)));
  ASSERT_FALSE(target_.Shown("one").empty());
  target_.FailNext("stage", "two", Error::Make(Code::kItemForeign, "somebody else's"));
  const auto statement = Conclude(body);
  EXPECT_EQ(statement.outcome, Outcome::kRefused);
  EXPECT_EQ(Codes(statement), (Strings{"item.undone", "item.foreign"}));
  EXPECT_TRUE(target_.objects().empty());
}

TEST_F(ExecutorTest, ConcludesNothingWhereItCannotUndo) {
  auto body = Body(1, {Install("one", 1), Install("two", 2)});
  body.atomic = true;
  const Error refused = Error::Make(Code::kReadBackWrong, "CKA_SENSITIVE reads false");
  target_.FailNext("commit", "two", refused, 2);
  target_.FailNext("undo", "one", refused);
  const auto answer = Execute(Seal(body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry(), Retry::kUncertain);
  EXPECT_EQ(Conclude(body).outcome, Outcome::kRefused);
  EXPECT_TRUE(target_.objects().empty());
}

TEST_F(ExecutorTest, ReportsADeletionThatTheTokenRefuses) {
  Conclude(Body(1, {Install("one", 1)}));
  target_.FailNext("finish", "one", Error::Make(Code::kTokenRefused, "CKR_ACTION_PROHIBITED"));
  const auto statement = Conclude(Body(2, {Delete("one", 1)}));
  EXPECT_EQ(statement.outcome, Outcome::kRefused);
  EXPECT_EQ(statement.items[0].id, Bytes{1});
  EXPECT_EQ(executor_->summary().objects, 1U);
}

TEST_F(ExecutorTest, InstallsAgainWhatWasDeletedAndRefusesWhatIsThere) {
  Conclude(Body(1, {Install("one", 1)}));
  EXPECT_EQ(Conclude(Body(2, {Install("one", 2)})).code, "item.exists");
  Conclude(Body(3, {Delete("one", 1)}));
  EXPECT_EQ(Conclude(Body(4, {Install("one", 3)})).outcome, Outcome::kOk);
}

}  // namespace
}  // namespace keyferry::worker
