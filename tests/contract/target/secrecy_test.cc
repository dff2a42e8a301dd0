// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What lands is exactly what was asked for, and can never be read.

#include "tests/contract/target/target_world.h"

namespace keyferry::contract {
namespace {

using Secrecy = TargetContract;

constexpr std::pair<CK_ATTRIBUTE_TYPE, std::uint32_t> kUsages[] = {{CKA_ENCRYPT, usage::kEncrypt},
                                                                   {CKA_DECRYPT, usage::kDecrypt},
                                                                   {CKA_SIGN, usage::kSign},
                                                                   {CKA_VERIFY, usage::kVerify},
                                                                   {CKA_DERIVE, usage::kDerive},
                                                                   {CKA_WRAP, 0},
                                                                   {CKA_UNWRAP, 0}};

TEST_P(Secrecy, EveryUsageIsExactlyAsAsked) {
  constexpr std::uint32_t kAll = usage::kEncrypt | usage::kDecrypt | usage::kSign | usage::kVerify | usage::kDerive;
  for (std::uint32_t asked = 0; asked <= kAll; ++asked) {
    Item item = fakes::AesItem("usage " + std::to_string(asked), "usage " + std::to_string(asked), 256, asked);
    item.check_method = CheckMethod::kNone;
    item.check_value.clear();
    const auto done = Run(item);
    ASSERT_TRUE(done) << done.error().OneLine();
    for (const auto& [type, bit] : kUsages) {
      const auto seen = token().session().GetAttributes(Only(item), {type});
      ASSERT_TRUE(seen);
      EXPECT_EQ(seen->Bool(type), (asked & bit) != 0) << asked << " " << cryptoki::CkaName(type);
    }
  }
}

TEST_P(Secrecy, DatesAreThoseOfTheItem) {
  Item item = fakes::AesItem("dates", "dates");
  item.not_before = 1'700'000'000;  // 2023-11-14 22:13:20
  item.not_after = 1'800'000'000;   // 2027-01-15 08:00:00
  Item certificate = fakes::CertificateItem("dates", "dates", "dates.example");
  certificate.not_before = item.not_before;
  certificate.not_after = item.not_after;
  Do(certificate);
  CK_OBJECT_HANDLE object = Only(certificate);
  if (Has(Exception::kPrivateDatesUnreadable)) {
    EXPECT_EQ(RefusalOf(item), Code::kReadBackWrong) << "what cannot be read back is not accepted";
  } else {
    Do(item);
    object = Only(item);
  }
  const auto seen = token().session().GetAttributes(object, {CKA_START_DATE, CKA_END_DATE});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->Date(CKA_START_DATE), 1'699'920'000);
  EXPECT_EQ(seen->Date(CKA_END_DATE), 1'799'971'200);
  Do(fakes::AesItem("no dates", "no dates"));
  const auto none = token().session().GetAttributes(Only(fakes::AesItem("no dates", "no dates")), {CKA_START_DATE});
  EXPECT_EQ(none->Date(CKA_START_DATE).value_or(0), 0);
}

TEST_P(Secrecy, NoKeyCanBeReadOrWrapped) {
  const Item wrapper = fakes::AesItem("wrapper", "wrapper");
  auto wrapper_attributes = AttributesOf(wrapper);
  wrapper_attributes.Bool(CKA_WRAP, true);
  const CK_OBJECT_HANDLE wrapping_key = Plant(wrapper, wrapper_attributes);
  const std::pair<Item, CK_ATTRIBUTE_TYPE> kinds[] = {
      {fakes::AesItem("aes", "aes"), CKA_VALUE},
      {fakes::HmacItem("hmac", "hmac"), CKA_VALUE},
      {fakes::PrivateKeyItem("rsa", "rsa", KeyType::kRsa, 2048), CKA_PRIVATE_EXPONENT},
      {fakes::PrivateKeyItem("ec", "ec", KeyType::kEc, 256), CKA_VALUE}};
  const auto mechanism = token().profile().WrapMechanism(WrapMethod::kAesKwp);
  ASSERT_TRUE(mechanism);
  for (const auto& [item, value] : kinds) {
    SCOPED_TRACE(item.label);
    Do(item);
    const CK_OBJECT_HANDLE key = Only(item);
    const auto seen = token().session().GetAttributes(key, {CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_PRIVATE});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->Bool(CKA_SENSITIVE), true);
    EXPECT_EQ(seen->Bool(CKA_EXTRACTABLE), false);
    EXPECT_EQ(seen->Bool(CKA_PRIVATE), true);
    EXPECT_FALSE(token().session().GetSecret(key, value));
    EXPECT_EQ(token().session().WrapKey(*mechanism, wrapping_key, key).has_value(),
              Has(Exception::kExtractableIgnored));
    cryptoki::Template readable;
    readable.Bool(CKA_SENSITIVE, false);
    EXPECT_FALSE(token().session().SetAttributes(key, readable));
    EXPECT_FALSE(token().session().CopyObject(key, readable));
    cryptoki::Template extractable;
    extractable.Bool(CKA_EXTRACTABLE, true);
    EXPECT_FALSE(token().session().SetAttributes(key, extractable));
    EXPECT_EQ(token().session().CopyObject(key, extractable).has_value(), Has(Exception::kExtractableIgnored));
    EXPECT_FALSE(token().session().GetSecret(key, value));
  }
}

TEST_P(Secrecy, TheKeyIsTheOneThatWasWrapped) {
  const Item item = fakes::HmacItem("mac", "mac");
  Do(item);
  const auto made = token().session().Sign(cryptoki::Mechanism::HmacSha256(), Only(item), Bytes(16));
  ASSERT_TRUE(made);
  EXPECT_EQ(Bytes(made->begin(), made->begin() + 8), item.check_value);
}

TEST_P(Secrecy, NoSessionObjectIsLeft) {
  const Item items[] = {fakes::AesItem("aes", "aes", 256, usage::kDecrypt),
                        fakes::HmacItem("hmac", "hmac", 256, usage::kVerify),
                        fakes::PrivateKeyItem("rsa", "rsa", KeyType::kRsa, 2048, usage::kDecrypt),
                        fakes::PublicKeyItem("half", "half", KeyType::kEc, 256)};
  for (const Item& item : items) {
    Do(item);
    EXPECT_EQ(CountSessionObjects(), 0U) << item.label;
  }
}

// A token without C_CopyObject: the same, by way of a staging label.
TEST_P(Secrecy, WithoutCopyTheSameLands) {
  auto profile = token().profile();
  profile.copy = false;
  const auto source = [this]() -> Result<cryptoki::Session*> { return &token().session(); };
  auto direct = hsm::HsmTarget::Make(source, profile, TestRootKeks(), {.accept_unenforced_template = true});
  ASSERT_TRUE(direct);
  for (const Item& item :
       {fakes::AesItem("aes", "aes", 256, usage::kDecrypt), fakes::PrivateKeyItem("rsa", "rsa", KeyType::kRsa, 2048),
        fakes::PrivateKeyItem("ec", "ec", KeyType::kEc, 384),
        fakes::PublicKeyItem("half", "half", KeyType::kEc, 256)}) {
    SCOPED_TRACE(item.label);
    auto staged = (*direct)->Stage(item, {});
    ASSERT_TRUE(staged) << staged.error().OneLine();
    EXPECT_TRUE(FindId(ClassOf(item), item.id).empty());
    const auto committed = (*staged)->Commit();
    ASSERT_TRUE(committed) << committed.error().OneLine();
    ASSERT_TRUE((*staged)->Finish());
    EXPECT_EQ(FindId(ClassOf(item), item.id).size(), 1U);
    Only(item);
  }
}

KF_CONTRACT(Secrecy);

}  // namespace
}  // namespace keyferry::contract
