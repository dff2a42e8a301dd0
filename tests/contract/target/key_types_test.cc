// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Every type of key and object: install, simulate, update, roll back, delete.

#include "tests/contract/target/target_world.h"

namespace keyferry::contract {
namespace {

struct Kind {
  const char* name;
  ObjectClass object_class;
  KeyType type;
  std::uint32_t bits;
  std::uint32_t usage;
};

constexpr Kind kKinds[] = {
    {"aes-128", ObjectClass::kSecretKey, KeyType::kAes, 128, usage::kEncrypt | usage::kDecrypt},
    {"aes-192", ObjectClass::kSecretKey, KeyType::kAes, 192, usage::kEncrypt},
    {"aes-256", ObjectClass::kSecretKey, KeyType::kAes, 256, usage::kEncrypt | usage::kDecrypt},
    {"aes-256 cmac", ObjectClass::kSecretKey, KeyType::kAes, 256, usage::kSign | usage::kVerify},
    {"aes-256 that may not encrypt", ObjectClass::kSecretKey, KeyType::kAes, 256, usage::kDecrypt | usage::kDerive},
    {"hmac-512", ObjectClass::kSecretKey, KeyType::kGenericSecret, 512, usage::kSign | usage::kVerify},
    {"hmac-256", ObjectClass::kSecretKey, KeyType::kGenericSecret, 256, usage::kSign | usage::kVerify},
    {"hmac-264 that may not sign", ObjectClass::kSecretKey, KeyType::kGenericSecret, 264, usage::kVerify},
    {"rsa-2048", ObjectClass::kPrivateKey, KeyType::kRsa, 2048, usage::kSign | usage::kDecrypt},
    {"rsa-3072 that may not sign", ObjectClass::kPrivateKey, KeyType::kRsa, 3072, usage::kDecrypt},
    {"rsa-4096", ObjectClass::kPrivateKey, KeyType::kRsa, 4096, usage::kSign},
    {"p-256", ObjectClass::kPrivateKey, KeyType::kEc, 256, usage::kSign},
    {"p-384 that may not sign", ObjectClass::kPrivateKey, KeyType::kEc, 384, usage::kDerive},
    {"p-521", ObjectClass::kPrivateKey, KeyType::kEc, 521, usage::kSign | usage::kDerive},
    {"rsa-2048 public", ObjectClass::kPublicKey, KeyType::kRsa, 2048, usage::kVerify | usage::kEncrypt},
    {"p-256 public", ObjectClass::kPublicKey, KeyType::kEc, 256, usage::kVerify},
    {"p-521 public", ObjectClass::kPublicKey, KeyType::kEc, 521, usage::kVerify},
    {"certificate", ObjectClass::kCertificate, KeyType::kX509, 0, 0},
};

Item Make(const Kind& kind, const std::string& seed) {
  switch (kind.object_class) {
    case ObjectClass::kSecretKey:
      return kind.type == KeyType::kAes ? fakes::AesItem(kind.name, seed, kind.bits, kind.usage)
                                        : fakes::HmacItem(kind.name, seed, kind.bits, kind.usage);
    case ObjectClass::kPrivateKey:
      return fakes::PrivateKeyItem(kind.name, seed, kind.type, kind.bits, kind.usage);
    case ObjectClass::kPublicKey:
      return fakes::PublicKeyItem(kind.name, seed, kind.type, kind.bits, kind.usage);
    case ObjectClass::kCertificate:
      return fakes::CertificateItem(kind.name, seed, "service.example");
  }
  return {};
}

using KeyTypes = TargetContract;

TEST_P(KeyTypes, InstallUpdateRollbackDelete) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    const Item first = Make(kind, std::string(kind.name) + " one");
    const auto one = Do(first);
    ASSERT_TRUE(one.current);
    EXPECT_EQ(one.current->id, first.id);
    EXPECT_EQ(one.current->check_value, first.check_value);
    EXPECT_EQ(one.current->key_bits, kind.bits);
    EXPECT_EQ(FindId(ClassOf(first), first.id).size(), 1U);

    const Item second = fakes::UpdateOf(Make(kind, std::string(kind.name) + " two"), first.id);
    const auto two = Do(second, one);
    ASSERT_TRUE(two.previous);
    EXPECT_EQ(two.previous->id, first.id);
    EXPECT_EQ(Find(ClassOf(first), kind.name), FindId(ClassOf(first), second.id));
    EXPECT_EQ(FindId(ClassOf(first), first.id).size(), 1U) << "the version before is kept";

    const auto back = Do(fakes::RollbackOf(first, second.id), two);
    EXPECT_EQ(back.current->id, first.id);
    EXPECT_EQ(back.previous->id, second.id);
    EXPECT_EQ(Find(ClassOf(first), kind.name), FindId(ClassOf(first), first.id));

    const auto gone = Do(fakes::DeletionOf(first, first.id), back);
    EXPECT_FALSE(gone.current);
    EXPECT_FALSE(gone.previous);
    EXPECT_TRUE(FindId(ClassOf(first), first.id).empty());
    EXPECT_TRUE(FindId(ClassOf(first), second.id).empty());
  }
}

TEST_P(KeyTypes, EvidenceSaysWhatWasSeen) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    const Item item = Make(kind, std::string(kind.name) + " one");
    const std::size_t before = CountAll();
    {
      const auto staged = target().Stage(item, {});
      ASSERT_TRUE(staged) << staged.error().OneLine();
      const target::Evidence& seen = (*staged)->evidence();
      const bool secret = kind.object_class == ObjectClass::kSecretKey || kind.object_class == ObjectClass::kPrivateKey;
      EXPECT_EQ(seen.check_method, item.check_method);
      EXPECT_EQ(seen.check_value, item.check_value);
      EXPECT_EQ(seen.key_bits, kind.bits);
      EXPECT_EQ(seen.usage, kind.usage);
      EXPECT_EQ(seen.sensitive, secret);
      EXPECT_FALSE(seen.extractable);
      EXPECT_FALSE((*staged)->NeedsOverlap());
      EXPECT_TRUE(Find(ClassOf(item), kind.name).empty()) << "a simulation left something in the token";
    }
    EXPECT_EQ(CountAll(), before) << "staging left an object";
  }
}

TEST_P(KeyTypes, WithoutACheckValueOneIsComputed) {
  Item aes = fakes::AesItem("unchecked", "unchecked");
  const Bytes expected = aes.check_value;
  aes.check_method = CheckMethod::kNone;
  aes.check_value.clear();
  const auto staged = target().Stage(aes, {});
  ASSERT_TRUE(staged) << staged.error().OneLine();
  EXPECT_EQ((*staged)->evidence().check_method, CheckMethod::kEcb0);
  EXPECT_EQ((*staged)->evidence().check_value, expected);
}

TEST_P(KeyTypes, ShortSecrets) {
  Item item = fakes::HmacItem("short", "short", 112);
  if (!Has(Exception::kNoHmacWithShortKeys)) {
    EXPECT_TRUE(Run(item));
    return;
  }
  EXPECT_EQ(RefusalOf(item), Code::kItemLength) << "a check value that cannot be compared is not passed over";
  item.check_method = CheckMethod::kNone;
  item.check_value.clear();
  const auto staged = target().Stage(item, {});
  ASSERT_TRUE(staged) << staged.error().OneLine();
  EXPECT_EQ((*staged)->evidence().check_method, CheckMethod::kNone);
  EXPECT_TRUE((*staged)->Commit());
}

TEST_P(KeyTypes, Rfc3394WhereTheTokenHasIt) {
  Item item = fakes::AesItem("by kw", "by kw");
  item.wrap = WrapMethod::kAesKw;
  item.wrapped_key = fakes::WrapForTest(fakes::TestKek::kAes, fakes::TestKey("by kw", 32), WrapMethod::kAesKw);
  // On a token that holds to CKA_ALLOWED_MECHANISMS the KEK unwraps by RFC 5649 only.
  if (token().profile().allowed_mechanisms_enforced) {
    EXPECT_EQ(RefusalOf(item), Code::kMechanismMissing);
  } else {
    EXPECT_TRUE(Run(item));
  }
}

TEST_P(KeyTypes, Ed25519IsRefusedWhereTheTokenCannot) {
  const Item key = fakes::PrivateKeyItem("ed25519", "ed25519", KeyType::kEd25519, 256);
  if (Has(Exception::kEd25519PrivateRefused)) {
    EXPECT_EQ(RefusalOf(key), Code::kKeyTypeUnsupported);
  } else {
    EXPECT_TRUE(Run(key));
  }
  const Item half = fakes::PublicKeyItem("ed25519", "ed25519", KeyType::kEd25519, 256);
  if (Has(Exception::kEd25519PublicRefused)) {
    EXPECT_EQ(RefusalOf(half), Code::kKeyTypeUnsupported);
  } else {
    EXPECT_TRUE(Run(half));
  }
}

TEST_P(KeyTypes, CertificatesOfTwoSubjectsUnderOneLabel) {
  const Item first = fakes::CertificateItem("web", "web one", "one.example");
  const auto one = Do(first);
  const Item second = fakes::UpdateOf(fakes::CertificateItem("web", "web two", "two.example"), first.id);
  const auto two = Run(second, one);
  if (Has(Exception::kOneSubjectOneLabel)) {
    ASSERT_FALSE(two);
    EXPECT_EQ(FindId(CKO_CERTIFICATE, first.id).size(), 1U) << "the refused update must leave the first";
  } else {
    EXPECT_TRUE(two);
  }
}

TEST_P(KeyTypes, PrivateKeyPublicKeyAndCertificateShareAnId) {
  Item key = fakes::PrivateKeyItem("shared", "shared", KeyType::kEc, 256);
  Item half = fakes::PublicKeyItem("shared", "shared", KeyType::kEc, 256);
  Do(key);
  Do(half);
  Item certificate = fakes::CertificateItem("shared", "shared", "shared.example");
  ASSERT_EQ(certificate.id, key.id);
  Do(certificate);
  for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    EXPECT_EQ(FindId(object_class, key.id).size(), 1U);
  }
}

KF_CONTRACT(KeyTypes);

}  // namespace
}  // namespace keyferry::contract
