// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What an attempt that died left behind.

#include <filesystem>
#include <fstream>

#include "tests/contract/target/target_world.h"

namespace keyferry::contract {
namespace {

using Recovery = TargetContract;

TEST_P(Recovery, ACompleteObjectIsTakenAsDone) {
  for (const Item& item :
       {fakes::AesItem("aes", "aes"), fakes::AesItem("no encrypt", "no encrypt", 256, usage::kDecrypt),
        fakes::HmacItem("hmac", "hmac"), fakes::PrivateKeyItem("rsa", "rsa", KeyType::kRsa, 2048),
        fakes::PrivateKeyItem("ec", "ec", KeyType::kEc, 256),
        fakes::PrivateKeyItem("derive", "derive", KeyType::kEc, 256, usage::kDerive),
        fakes::PublicKeyItem("half", "half", KeyType::kRsa, 2048),
        fakes::CertificateItem("certificate", "certificate", "a.example")}) {
    SCOPED_TRACE(item.label);
    {
      const auto died = target().Stage(item, {});
      ASSERT_TRUE(died) << died.error().OneLine();
      ASSERT_TRUE((*died)->Commit());
    }
    const CK_OBJECT_HANDLE left = Only(item);
    NewTarget({});
    ASSERT_TRUE(target().Recover({&item, 1}));
    EXPECT_EQ(Only(item), left);
    const auto holding = Run(item);
    ASSERT_TRUE(holding) << holding.error().OneLine();
    EXPECT_EQ(Only(item), left) << "made a second time";
    EXPECT_EQ(holding->current->check_value, item.check_value);
  }
}

TEST_P(Recovery, ACompleteObjectIsUndone) {
  const Item one = fakes::AesItem("key", "one");
  const auto holding = Do(one);
  const Item two = fakes::UpdateOf(fakes::AesItem("key", "two"), one.id);
  {
    const auto died = target().Stage(two, holding);
    ASSERT_TRUE(died);
    ASSERT_TRUE((*died)->Commit());
  }
  NewTarget({});
  ASSERT_TRUE(target().Recover({&two, 1}));
  const auto staged = target().Stage(two, holding);
  ASSERT_TRUE(staged) << staged.error().OneLine();
  ASSERT_TRUE((*staged)->Undo());
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, one.id));
}

TEST_P(Recovery, AHalfFinishedUpdateIsFinished) {
  for (const bool keep : {true, false}) {
    NewTarget({.keep_previous = keep});
    const std::string label = keep ? "kept" : "not kept";
    const Item one = fakes::AesItem(label, label + "one");
    const auto holding = Do(one);
    const Item two = fakes::UpdateOf(fakes::AesItem(label, label + "two"), one.id);
    ASSERT_TRUE(Run(two, holding));  // and the ledger never heard of it
    NewTarget({.keep_previous = keep});
    ASSERT_TRUE(target().Recover({&two, 1}));
    const auto after = Run(two, holding);
    ASSERT_TRUE(after) << after.error().OneLine();
    EXPECT_EQ(after->current->id, two.id);
    EXPECT_EQ(after->previous.has_value(), keep);
    EXPECT_EQ(FindId(CKO_SECRET_KEY, one.id).size(), keep ? 1U : 0U);
    EXPECT_EQ(Find(CKO_SECRET_KEY, label), FindId(CKO_SECRET_KEY, two.id));
  }
}

TEST_P(Recovery, AHalfFinishedRollbackAndDeletionAreFinished) {
  const Item one = fakes::AesItem("key", "one");
  const Item two = fakes::UpdateOf(fakes::AesItem("key", "two"), one.id);
  const auto holding = Do(two, Do(one));
  const Item rollback = fakes::RollbackOf(one, two.id);
  Do(rollback, holding);
  target().Invalidate();
  const auto back = Run(rollback, holding);
  ASSERT_TRUE(back) << back.error().OneLine();
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key"), FindId(CKO_SECRET_KEY, one.id));
  const Item deletion = fakes::DeletionOf(one, one.id);
  Do(deletion, *back);
  target().Invalidate();
  EXPECT_TRUE(Run(deletion, *back));
}

TEST_P(Recovery, WhatIsIncompleteIsRemoved) {
  const Item item = fakes::AesItem("key", "one");
  auto attributes = AttributesOf(item);
  attributes.Bool(CKA_SIGN, true);
  Plant(item, attributes);
  ASSERT_TRUE(target().Recover({&item, 1}));
  EXPECT_TRUE(FindId(CKO_SECRET_KEY, item.id).empty());
  EXPECT_TRUE(Run(item));
}

TEST_P(Recovery, AnotherKeyUnderOurIdIsRemoved) {
  const Item item = fakes::AesItem("key", "one");
  Item other = item;
  other.wrapped_key = fakes::AesItem("key", "two").wrapped_key;
  Plant(other, AttributesOf(item));
  // Not for us to remove without a bundle that was begun.
  EXPECT_EQ(RefusalOf(item), Code::kItemForeign);
  ASSERT_TRUE(target().Recover({&item, 1}));
  EXPECT_TRUE(FindId(CKO_SECRET_KEY, item.id).empty());
  EXPECT_TRUE(Run(item));
}

TEST_P(Recovery, ForeignObjectsStay) {
  const Item item = fakes::AesItem("key", "one");
  Item theirs = fakes::AesItem("their key", "theirs");
  theirs.id = item.id;
  Plant(theirs, AttributesOf(theirs));
  const Item same_label = fakes::AesItem("key", "theirs too");
  Plant(same_label, AttributesOf(same_label));
  ASSERT_TRUE(target().Recover({&item, 1}));
  EXPECT_EQ(Find(CKO_SECRET_KEY, "their key").size(), 1U);
  EXPECT_EQ(Find(CKO_SECRET_KEY, "key").size(), 1U);
}

// What a kill during a copy leaves on SoftHSM2: a file of an object that shows no attribute.
TEST(RecoveryOfSoftHsm2, UnreadableObjectsGoOnlyWhereTheTokenIsOurs) {
  fakes::KekToken token(fakes::TokenKind::kSoftHsm2);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(token.directory() + "/tokens")) {
    if (entry.path().filename() == "token.object") {
      const auto name = entry.path().parent_path() / "00000000-0000-0000-0000-00000000dead";
      // A generation number, and nothing after it.
      std::ofstream(name.string() + ".object") << std::string("\0\0\0\0\0\0\0\1", 8);
      std::ofstream(name.string() + ".lock").flush();
      break;
    }
  }
  token.Restart();
  const auto count = [&] { return token.session().FindObjects(cryptoki::Template())->size(); };
  const auto source = [&]() -> Result<cryptoki::Session*> { return &token.session(); };
  const std::size_t before = count();
  ASSERT_EQ(before, 5U) << "four root keys and the ghost";
  const Item item = fakes::AesItem("key", "one");

  auto guest = hsm::HsmTarget::Make(source, token.profile(), TestRootKeks(), {});
  ASSERT_TRUE(guest);
  ASSERT_TRUE((*guest)->Recover({&item, 1}));
  EXPECT_EQ(count(), before);

  auto owner = hsm::HsmTarget::Make(source, token.profile(), TestRootKeks(), {.exclusive = true});
  ASSERT_TRUE(owner);
  const auto recovered = (*owner)->Recover({&item, 1});
  ASSERT_TRUE(recovered) << recovered.error().OneLine();
  EXPECT_EQ(count(), before - 1);
}

KF_CONTRACT(Recovery);

}  // namespace
}  // namespace keyferry::contract
