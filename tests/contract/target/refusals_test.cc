// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What a target does not take, and that it leaves nothing behind when it does not.

#include "tests/contract/target/target_world.h"

namespace keyferry::contract {
namespace {

class Refusals : public TargetContract {
 protected:
  void SetUp() override { before_ = CountAll(); }
  void TearDown() override { EXPECT_EQ(CountAll(), before_) << "a refusal left an object"; }
  std::size_t before_ = 0;
};

TEST_P(Refusals, LengthsThatDoNotFit) {
  // 24 octets that call themselves AES-128; the blob is too long for it.
  Item item = fakes::AesItem("length", "length", 192);
  item.key_bits = 128;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
  // No length of AES, in a blob that would be right for it.
  item = fakes::AesItem("length", "length", 256);
  item.key_bits = 160;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
  // A key of 20 octets fills as many blocks as AES-192 does: only the token knows, and must say so.
  item = fakes::AesItem("length", "length", 192);
  item.wrapped_key = fakes::WrapForTest(fakes::TestKek::kAes, fakes::TestKey("short", 20));
  const auto staged = target().Stage(item, {});
  ASSERT_FALSE(staged);
  EXPECT_NE(staged.error().code(), Code::kTokenUncertain);
  EXPECT_EQ(staged.error().retry(), Retry::kPermanent) << staged.error().OneLine();
  for (const std::size_t octets : {std::size_t{0}, std::size_t{15}, std::size_t{64}, std::size_t{4096}}) {
    item.wrapped_key.assign(octets, 1);
    EXPECT_EQ(RefusalOf(item), Code::kItemLength) << octets;
  }
}

TEST_P(Refusals, GenericSecretsOfAnotherLengthThanSaid) {
  // 31 octets and 32 wrap to the same size; HMAC cannot tell a key from itself with a zero octet behind it.
  Item item = fakes::HmacItem("length", "length", 256);
  item.key_bits = 248;
  if (Has(Exception::kLengthNotShown)) {
    EXPECT_TRUE(target().Stage(item, {}));
  } else {
    EXPECT_EQ(RefusalOf(item), Code::kReadBackWrong);
  }
  item.key_bits = 104;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
  item.key_bits = 255;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
}

TEST_P(Refusals, PrivateKeysOfAnotherLengthThanSaid) {
  Item item = fakes::PrivateKeyItem("length", "length", KeyType::kRsa, 2048);
  item.key_bits = 4096;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
  item = fakes::PrivateKeyItem("length", "length", KeyType::kEc, 256);
  item.key_bits = 192;
  EXPECT_EQ(RefusalOf(item), Code::kItemLength);
}

TEST_P(Refusals, CheckValuesThatDoNotFit) {
  Item item = fakes::AesItem("check", "check");
  item.check_value[0] ^= 1U;
  EXPECT_EQ(RefusalOf(item), Code::kCheckValueWrong);
  item.check_value.push_back(0);
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::HmacItem("check", "check");
  item.check_value[7] ^= 0x80U;
  EXPECT_EQ(RefusalOf(item), Code::kCheckValueWrong);
  item.check_method = CheckMethod::kCmac;
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  // Checked through a throw-away object.
  item = fakes::AesItem("check", "check", 256, usage::kDecrypt);
  item.check_value[0] ^= 1U;
  EXPECT_EQ(RefusalOf(item), Code::kCheckValueWrong);
}

TEST_P(Refusals, PrivateKeysOfAnotherPublicKey) {
  for (const auto& [type, bits] : {std::pair(KeyType::kRsa, 2048U), std::pair(KeyType::kEc, 256U)}) {
    Item item = fakes::PrivateKeyItem("pair", "pair", type, bits);
    const Item other = fakes::PrivateKeyItem("pair", "another pair", type, bits);
    item.public_key = other.public_key;
    item.check_value = other.check_value;
    const Code code = RefusalOf(item);
    EXPECT_TRUE(code == Code::kCheckValueWrong || code == Code::kReadBackWrong) << code;
    item.check_value[0] ^= 1U;
    EXPECT_NE(RefusalOf(item), Code::kInternal);
    item.public_key.clear();
    EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  }
}

TEST_P(Refusals, BlobsThatDoNotOpen) {
  for (Item item : {fakes::AesItem("blob", "blob"), fakes::HmacItem("blob", "blob"),
                    fakes::PrivateKeyItem("blob", "blob", KeyType::kRsa, 2048)}) {
    SCOPED_TRACE(Name(item.key_type));
    item.wrapped_key[9] ^= 1U;
    EXPECT_EQ(RefusalOf(item), Code::kUnwrapFailed);
  }
  // Wrapped under another root key.
  Item item = fakes::AesItem("blob", "blob");
  item.wrapped_key = fakes::WrapForTest(fakes::TestKek::kMac, fakes::TestKey("blob", 32));
  EXPECT_EQ(RefusalOf(item), Code::kUnwrapFailed);
  item = fakes::HmacItem("blob", "blob");
  item.wrapped_key = fakes::WrapForTest(fakes::TestKek::kAes, fakes::TestKey("blob", 32));
  EXPECT_EQ(RefusalOf(item), Code::kUnwrapFailed);
}

TEST_P(Refusals, UsagesThatTheClassDoesNotHave) {
  for (const std::uint32_t bit : {usage::kWrap, usage::kUnwrap, std::uint32_t{1024}}) {
    EXPECT_EQ(RefusalOf(fakes::AesItem("usage", "usage", 256, usage::kEncrypt | bit)), Code::kItemUsage);
    EXPECT_EQ(RefusalOf(fakes::HmacItem("usage", "usage", 256, bit)), Code::kItemUsage);
    EXPECT_EQ(RefusalOf(fakes::PrivateKeyItem("usage", "usage", KeyType::kRsa, 2048, bit)), Code::kItemUsage);
    EXPECT_EQ(RefusalOf(fakes::PublicKeyItem("usage", "usage", KeyType::kRsa, 2048, bit)), Code::kItemUsage);
  }
  EXPECT_EQ(RefusalOf(fakes::HmacItem("usage", "usage", 256, usage::kEncrypt)), Code::kItemUsage);
  EXPECT_EQ(RefusalOf(fakes::PrivateKeyItem("usage", "usage", KeyType::kEc, 256, usage::kDecrypt)), Code::kItemUsage);
  Item certificate = fakes::CertificateItem("usage", "usage", "usage.example");
  certificate.usage = usage::kVerify;
  EXPECT_EQ(RefusalOf(certificate), Code::kItemUsage);
}

TEST_P(Refusals, ItemsThatAreNotWhole) {
  Item item = fakes::AesItem("", "whole");
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::AesItem("whole", "whole");
  item.id.clear();
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item.id.assign(33, 1);
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::AesItem("whole", "whole");
  item.wrap = WrapMethod::kNone;
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::AesItem("whole", "whole");
  item.key_type = KeyType::kRsa;
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::AesItem("whole", "whole");
  item.not_before = 2'000'000'000;
  item.not_after = 1'000'000'000;
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item = fakes::CertificateItem("whole", "whole", "whole.example");
  item.certificate.pop_back();
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
  item.certificate.clear();
  EXPECT_EQ(RefusalOf(item), Code::kItemInvalid);
}

TEST_P(Refusals, NothingToUpdateDeleteOrRollBack) {
  const Item item = fakes::AesItem("missing", "missing");
  EXPECT_EQ(RefusalOf(fakes::UpdateOf(item, fakes::TestId("other"))), Code::kItemMissing);
  EXPECT_EQ(RefusalOf(fakes::DeletionOf(item, item.id)), Code::kItemMissing);
  EXPECT_EQ(RefusalOf(fakes::RollbackOf(item, item.id)), Code::kItemMissing);
  EXPECT_EQ(RefusalOf(fakes::UpdateOf(item, {})), Code::kItemInvalid);
}

TEST_P(Refusals, AGenerationWithoutRootKeys) {
  target().UseGeneration(2);
  EXPECT_EQ(RefusalOf(fakes::AesItem("generation", "generation")), Code::kWrongGeneration);
  target().UseGeneration(1);
  EXPECT_TRUE(target().Stage(fakes::AesItem("generation", "generation"), {}));
}

TEST_P(Refusals, ATokenWithoutItsRootKey) {
  hsm::RootKeks keks = TestRootKeks();
  keks[1].aes = fakes::TestId("no such root key");
  const auto source = [this]() -> Result<cryptoki::Session*> { return &token().session(); };
  auto made = hsm::HsmTarget::Make(source, token().profile(), keks, {.accept_unenforced_template = true});
  ASSERT_TRUE(made);
  const auto staged = (*made)->Stage(fakes::AesItem("root", "root"), {});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().code(), Code::kRootKeyChanged);
}

TEST_P(Refusals, ATokenThatDoesNotEnforceTheTemplate) {
  const auto source = [this]() -> Result<cryptoki::Session*> { return &token().session(); };
  const auto made = hsm::HsmTarget::Make(source, token().profile(), TestRootKeks(), {});
  EXPECT_EQ(made.has_value(), !Has(Exception::kTemplateNotEnforced));
  if (!made) {
    EXPECT_EQ(made.error().code(), Code::kTemplateUnenforced);
  }
  auto shows = token().profile();
  shows.sensitive_honoured = false;
  const auto refused = hsm::HsmTarget::Make(source, shows, TestRootKeks(), {.accept_unenforced_template = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kReadBackWrong);
}

KF_CONTRACT(Refusals);

}  // namespace
}  // namespace keyferry::contract
