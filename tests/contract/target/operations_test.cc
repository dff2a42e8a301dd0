// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Versions: what exists, what is current, what is foreign, what is kept, what is undone.

#include "tests/contract/target/target_world.h"

namespace keyferry::contract {
namespace {

using Operations = TargetContract;

TEST_P(Operations, WhatIsInstalledIsNotInstalledAgain) {
  const Item item = fakes::AesItem("key", "one");
  const auto holding = Do(item);
  EXPECT_EQ(RefusalOf(fakes::AesItem("key", "two"), holding), Code::kItemExists);
  EXPECT_EQ(RefusalOf(item, holding), Code::kItemExists);
}

TEST_P(Operations, TheExpectedVersionMustBeCurrent) {
  const Item item = fakes::AesItem("key", "one");
  const auto holding = Do(item);
  const Bytes other = fakes::TestId("another");
  EXPECT_EQ(RefusalOf(fakes::UpdateOf(fakes::AesItem("key", "two"), other), holding), Code::kItemVersion);
  EXPECT_EQ(RefusalOf(fakes::DeletionOf(item, other), holding), Code::kItemVersion);
  EXPECT_EQ(RefusalOf(fakes::RollbackOf(item, other), holding), Code::kItemVersion);
  EXPECT_EQ(RefusalOf(fakes::RollbackOf(item, item.id), holding), Code::kItemNoPrevious);
}

TEST_P(Operations, EveryVersionHasItsOwnId) {
  const Item item = fakes::AesItem("key", "one");
  const auto one = Do(item);
  Item again = fakes::UpdateOf(fakes::AesItem("key", "two"), item.id);
  again.id = item.id;
  EXPECT_EQ(RefusalOf(again, one), Code::kItemExists);
  const auto two = Do(fakes::UpdateOf(fakes::AesItem("key", "two"), item.id), one);
  again = fakes::UpdateOf(fakes::AesItem("key", "three"), fakes::TestId("two"));
  again.id = item.id;
  EXPECT_EQ(RefusalOf(again, two), Code::kItemExists);
  Item elsewhere = fakes::AesItem("another key", "four");
  elsewhere.id = fakes::TestId("two");
  EXPECT_EQ(RefusalOf(elsewhere), Code::kItemExists);
  EXPECT_EQ(FindId(CKO_SECRET_KEY, item.id).size(), 1U);
}

TEST_P(Operations, ForeignObjectsAreLeftAlone) {
  const Item theirs = fakes::AesItem("key", "theirs");
  Plant(theirs, AttributesOf(theirs));
  const Item mine = fakes::AesItem("key", "mine");
  EXPECT_EQ(RefusalOf(mine), Code::kItemForeign);
  EXPECT_EQ(RefusalOf(fakes::UpdateOf(mine, theirs.id)), Code::kItemForeign);
  EXPECT_EQ(RefusalOf(fakes::DeletionOf(theirs, theirs.id)), Code::kItemForeign);
  EXPECT_EQ(RefusalOf(fakes::RollbackOf(theirs, theirs.id)), Code::kItemForeign);
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 1U);
  // A root key is as foreign as any.
  EXPECT_EQ(RefusalOf(fakes::AesItem("keyferry root aes g1", "mine")), Code::kItemForeign);
  Item root_id = fakes::AesItem("another", "mine");
  root_id.id = fakes::TestKekId(fakes::TestKek::kAes);
  EXPECT_EQ(RefusalOf(root_id), Code::kItemExists);
}

TEST_P(Operations, ForeignObjectsBesideOurs) {
  const Item mine = fakes::AesItem("key", "mine");
  const auto holding = Do(mine);
  const Item theirs = fakes::AesItem("key", "theirs");
  Plant(theirs, AttributesOf(theirs));
  // Listed once: what others do is seen when it is looked for again.
  target().Invalidate();
  EXPECT_EQ(RefusalOf(fakes::DeletionOf(mine, mine.id), holding), Code::kItemForeign);
  EXPECT_EQ(RefusalOf(fakes::UpdateOf(fakes::AesItem("key", "two"), mine.id), holding), Code::kItemForeign);
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 2U);
}

TEST_P(Operations, SameLabelInAnotherClassIsAnotherObject) {
  const Item secret = fakes::AesItem("key", "one");
  const Item half = fakes::PublicKeyItem("key", "two", KeyType::kEc, 256);
  Do(secret);
  Do(half);
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 1U);
  EXPECT_EQ(Find(CKO_PUBLIC_KEY, "key").size(), 1U);
}

TEST_P(Operations, BothVersionsAreThereUntilFinish) {
  const Item one = fakes::AesItem("key", "one");
  const auto holding = Do(one);
  const auto update = target().Stage(fakes::UpdateOf(fakes::AesItem("key", "two"), one.id), holding);
  ASSERT_TRUE(update) << update.error().OneLine();
  EXPECT_TRUE((*update)->NeedsOverlap());
  ASSERT_TRUE((*update)->Commit());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 2U);
  ASSERT_TRUE((*update)->Finish());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, fakes::TestId("two")));
  EXPECT_EQ(FindId(CKO_SECRET_KEY, one.id).size(), 1U);

  const auto rollback = target().Stage(fakes::RollbackOf(one, fakes::TestId("two")), (*update)->After());
  ASSERT_TRUE(rollback) << rollback.error().OneLine();
  EXPECT_TRUE((*rollback)->NeedsOverlap());
  EXPECT_EQ((*rollback)->evidence().check_value, one.check_value);
  ASSERT_TRUE((*rollback)->Commit());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 2U);
  ASSERT_TRUE((*rollback)->Finish());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, one.id));
}

TEST_P(Operations, AnUpdateDestroysTheVersionBeforeTheLast) {
  const Item one = fakes::AesItem("key", "one");
  auto holding = Do(one);
  holding = Do(fakes::UpdateOf(fakes::AesItem("key", "two"), one.id), holding);
  holding = Do(fakes::UpdateOf(fakes::AesItem("key", "three"), fakes::TestId("two")), holding);
  EXPECT_TRUE(FindId(CKO_SECRET_KEY, one.id).empty());
  EXPECT_EQ(holding.previous->id, fakes::TestId("two"));
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, fakes::TestId("three")));
}

TEST_P(Operations, WithoutKeepPreviousNothingIsKept) {
  NewTarget({.keep_previous = false});
  const Item one = fakes::AesItem("key", "one");
  auto holding = Do(one);
  holding = Do(fakes::UpdateOf(fakes::AesItem("key", "two"), one.id), holding);
  EXPECT_FALSE(holding.previous);
  EXPECT_TRUE(FindId(CKO_SECRET_KEY, one.id).empty());
  EXPECT_EQ(RefusalOf(fakes::RollbackOf(one, fakes::TestId("two")), holding), Code::kItemNoPrevious);
}

TEST_P(Operations, UndoTakesEverythingBack) {
  const Item one = fakes::AesItem("key", "one");
  const auto install = target().Stage(one, {});
  ASSERT_TRUE(install);
  const std::size_t before = CountAll();
  ASSERT_TRUE((*install)->Commit());
  ASSERT_TRUE((*install)->Undo());
  ASSERT_TRUE((*install)->Undo());
  EXPECT_TRUE(Find(CKO_SECRET_KEY, "key").empty());
  EXPECT_LE(CountAll(), before);

  auto holding = Do(one);
  const Item two = fakes::UpdateOf(fakes::AesItem("key", "two"), one.id);
  const auto update = target().Stage(two, holding);
  ASSERT_TRUE(update);
  ASSERT_TRUE((*update)->Commit());
  ASSERT_TRUE((*update)->Undo());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, one.id));
  EXPECT_TRUE(FindId(CKO_SECRET_KEY, two.id).empty());

  holding = Do(two, holding);
  const auto rollback = target().Stage(fakes::RollbackOf(one, two.id), holding);
  ASSERT_TRUE(rollback);
  ASSERT_TRUE((*rollback)->Commit());
  ASSERT_TRUE((*rollback)->Undo());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, two.id));
  EXPECT_EQ(FindId(CKO_SECRET_KEY, one.id).size(), 1U);

  const auto removal = target().Stage(fakes::DeletionOf(one, two.id), holding);
  ASSERT_TRUE(removal);
  EXPECT_FALSE((*removal)->NeedsOverlap());
  ASSERT_TRUE((*removal)->Commit());
  ASSERT_TRUE((*removal)->Undo());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, two.id));
}

TEST_P(Operations, AllOfABundleIsUndoneTogether) {
  std::vector<std::unique_ptr<target::StagedItem>> staged;
  const std::size_t before = CountAll();
  for (const char* label : {"a", "b", "c"}) {
    auto one = target().Stage(fakes::AesItem(label, label), {});
    ASSERT_TRUE(one);
    staged.push_back(std::move(*one));
  }
  ASSERT_TRUE(staged[0]->Commit());
  ASSERT_TRUE(staged[1]->Commit());
  ASSERT_TRUE(staged[1]->Undo());
  ASSERT_TRUE(staged[0]->Undo());
  staged.clear();
  EXPECT_EQ(CountAll(), before);
}

TEST_P(Operations, TwoItemsOfABundleForOneName) {
  auto first = target().Stage(fakes::AesItem("key", "one"), {});
  auto second = target().Stage(fakes::AesItem("key", "two"), {});
  auto third = target().Stage(fakes::AesItem("another", "one"), {});
  ASSERT_TRUE(first && second && third);
  ASSERT_TRUE((*first)->Commit());
  const auto refused = (*second)->Commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kItemForeign);
  const auto id_taken = (*third)->Commit();
  ASSERT_FALSE(id_taken);
  EXPECT_EQ(id_taken.error().code(), Code::kItemExists);
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 1U);
}

TEST_P(Operations, CommitAndFinishMayBeRepeated) {
  const auto staged = target().Stage(fakes::AesItem("key", "one"), {});
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->Commit());
  ASSERT_TRUE((*staged)->Commit());
  ASSERT_TRUE((*staged)->Finish());
  ASSERT_TRUE((*staged)->Finish());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 1U);
  EXPECT_EQ(CountSessionObjects(), 0U);
}

TEST_P(Operations, AVersionThatOthersRemovedCountsAsGone) {
  const Item one = fakes::AesItem("key", "one");
  const auto holding = Do(one);
  ASSERT_TRUE(token().session().DestroyObject(Only(one)));
  const auto gone = Run(fakes::DeletionOf(one, one.id), holding);
  ASSERT_TRUE(gone) << gone.error().OneLine();
  EXPECT_FALSE(gone->current);
}

TEST_P(Operations, TheTokenIsListedOnceAndAgainAfterInvalidate) {
  Do(fakes::AesItem("key", "one"));
  const Item theirs = fakes::AesItem("late", "theirs");
  Plant(theirs, AttributesOf(theirs));
  EXPECT_TRUE(target().Stage(fakes::AesItem("late", "mine"), {})) << "a search for an item";
  target().Invalidate();
  EXPECT_EQ(RefusalOf(fakes::AesItem("late", "mine")), Code::kItemForeign);
}

TEST_P(Operations, ANewSessionAfterInvalidate) {
  const Item one = fakes::AesItem("key", "one");
  const auto holding = Do(one);
  auto staged = target().Stage(fakes::AesItem("other", "two"), {});
  ASSERT_TRUE(staged);
  token().Restart();
  target().Invalidate();
  // Its session object went with the session; committing anything now would copy an object that is not it.
  const auto commit = (*staged)->Commit();
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().retry(), Retry::kUncertain);
  const std::size_t before = CountAll();
  staged->reset();
  EXPECT_EQ(CountAll(), before) << "a stale handle was destroyed";
  EXPECT_TRUE(Run(fakes::UpdateOf(fakes::AesItem("key", "three"), one.id), holding));
  EXPECT_TRUE(Run(fakes::AesItem("other", "two")));
}

KF_CONTRACT(Operations);

}  // namespace
}  // namespace keyferry::contract
