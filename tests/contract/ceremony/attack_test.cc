// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The owner of the host, with the PIN, through the token's interface: after the ceremony the token guards the root keys
// by itself. SoftHSM2 enforces that; NSS does not, and is refused unless its operators accept it.

#include <vector>

#include "tests/contract/ceremony/ceremony_world.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;
using record::RootKey;

class Attack : public testing::Test {
 protected:
  Attack() { world.RunAll(); }
  cryptoki::Session& session() { return world.target->session(); }
  CK_OBJECT_HANDLE Root(RootKey key) { return world.target->Labelled(record::RootLabel(key, 1)); }

  Template Wish(CK_OBJECT_CLASS object_class, CK_KEY_TYPE type) {
    Template wish;
    wish.Ulong(CKA_CLASS, object_class).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
    wish.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
    return wish;
  }

  // An AES-128 key of the KMS's, wrapped for the target as a bundle would carry it.
  Bytes CapturedBlob() {
    Template attributes = Wish(CKO_SECRET_KEY, CKK_AES);
    attributes.Bool(CKA_EXTRACTABLE, true).Ulong(CKA_VALUE_LEN, 16);
    const auto key = world.kms->session().GenerateKey(Mechanism::AesKeyGen(), attributes);
    const auto twin = world.kms->Labelled(record::TwinLabel(RootKey::kAes, world.Record().domain, 1));
    return *world.kms->session().WrapKey(Kwp(), twin, *key);
  }
  Mechanism Kwp() { return *world.target->profile().WrapMechanism(WrapMethod::kAesKwp); }

  World world{Kind::kSoftHsm2};
};

TEST_F(Attack, NoAttributeOfARootKeyCanBeChanged) {
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    for (const CK_ATTRIBUTE_TYPE type : {CKA_WRAP, CKA_DECRYPT, CKA_ENCRYPT, CKA_SIGN, CKA_VERIFY, CKA_UNWRAP,
                                         CKA_DERIVE, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_COPYABLE}) {
      EXPECT_FALSE(session().SetAttributes(Root(key), Template().Bool(type, true))) << cryptoki::CkaName(type);
    }
    EXPECT_FALSE(session().SetAttributes(Root(key), Template().Bool(CKA_SENSITIVE, false)));
    EXPECT_FALSE(session().SetAttributes(Root(key), Template().Text(CKA_LABEL, "mine")));
  }
}

TEST_F(Attack, NoRootKeyCanBeCopied) {
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    EXPECT_FALSE(session().CopyObject(Root(key), Template().Bool(CKA_TOKEN, false)));
    EXPECT_FALSE(session().CopyObject(Root(key), Template().Bool(CKA_TOKEN, false).Bool(CKA_WRAP, true)));
    EXPECT_FALSE(session().CopyObject(Root(key), Template().Bool(CKA_TOKEN, false).Bool(CKA_MODIFIABLE, true)));
  }
}

TEST_F(Attack, NoRootKeyCanBeReadOrWrapped) {
  Template attributes = Wish(CKO_SECRET_KEY, CKK_AES);
  attributes.Bool(CKA_WRAP, true).Ulong(CKA_VALUE_LEN, 32);
  const auto own = session().GenerateKey(Mechanism::AesKeyGen(), attributes);
  ASSERT_TRUE(own);
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    EXPECT_FALSE(session().GetSecret(Root(key), CKA_VALUE));
    EXPECT_FALSE(session().WrapKey(Kwp(), *own, Root(key)));
  }
}

TEST_F(Attack, AKekNeitherDecryptsNorWraps) {
  const Bytes block(16);
  Template attributes = Wish(CKO_SECRET_KEY, CKK_AES);
  attributes.Bool(CKA_EXTRACTABLE, true).Bool(CKA_SENSITIVE, false).Ulong(CKA_VALUE_LEN, 32);
  const auto own = session().GenerateKey(Mechanism::AesKeyGen(), attributes);
  ASSERT_TRUE(own);
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate}) {
    EXPECT_FALSE(session().Decrypt(Mechanism::AesEcb(), Root(key), block));
    EXPECT_FALSE(session().Encrypt(Mechanism::AesEcb(), Root(key), block));
    EXPECT_FALSE(session().Sign(Mechanism::AesCmac(), Root(key), block));
    EXPECT_FALSE(session().WrapKey(Kwp(), Root(key), *own));
  }
  // seal-in verifies: it must not make a seal.
  EXPECT_FALSE(session().Sign(Mechanism::HmacSha256(), Root(RootKey::kSealIn), block));
}

TEST_F(Attack, ACapturedBlobBecomesNothingElse) {
  const Bytes blob = CapturedBlob();
  const CK_OBJECT_HANDLE aes = Root(RootKey::kAes);
  EXPECT_TRUE(session().UnwrapKey(Kwp(), aes, blob, Wish(CKO_SECRET_KEY, CKK_AES)));
  const auto refused = [&](CK_OBJECT_HANDLE kek, const Template& wish) {
    return !session().UnwrapKey(Kwp(), kek, blob, wish).has_value();
  };
  Template readable = Wish(CKO_SECRET_KEY, CKK_AES);
  readable.Bool(CKA_SENSITIVE, false);
  EXPECT_TRUE(refused(aes, readable));
  Template extractable = Wish(CKO_SECRET_KEY, CKK_AES);
  extractable.Bool(CKA_EXTRACTABLE, true);
  EXPECT_TRUE(refused(aes, extractable));
  Template visible = Wish(CKO_SECRET_KEY, CKK_AES);
  visible.Bool(CKA_PRIVATE, false);
  EXPECT_TRUE(refused(aes, visible));
  for (const CK_KEY_TYPE type : {CKK_DES2, CKK_DES3, CKK_GENERIC_SECRET}) {
    EXPECT_TRUE(refused(aes, Wish(CKO_SECRET_KEY, type))) << type;
  }
  EXPECT_TRUE(refused(Root(RootKey::kMac), Wish(CKO_SECRET_KEY, CKK_GENERIC_SECRET)));
  EXPECT_TRUE(refused(Root(RootKey::kPrivate), Wish(CKO_SECRET_KEY, CKK_AES)));
  // Another mechanism than the one it is allowed.
  EXPECT_FALSE(session().UnwrapKey(Mechanism::Plain(CKM_AES_KEY_WRAP), aes, blob, Wish(CKO_SECRET_KEY, CKK_AES)));
}

TEST_F(Attack, TheReceiptKeyStaysWhatItIs) {
  const record::Record record = world.Record();
  const auto key = session().FindOne(Template().Ulong(CKA_CLASS, CKO_PRIVATE_KEY).Octets(CKA_ID, record.receipt_key_id),
                                     "receipt key");
  ASSERT_TRUE(key);
  const auto seen = session().GetAttributes(*key, {CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_LOCAL, CKA_NEVER_EXTRACTABLE,
                                                   CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE});
  ASSERT_TRUE(seen);
  for (const CK_ATTRIBUTE_TYPE type : {CKA_SENSITIVE, CKA_LOCAL, CKA_NEVER_EXTRACTABLE, CKA_SIGN}) {
    EXPECT_EQ(seen->Bool(type), true) << cryptoki::CkaName(type);
  }
  for (const CK_ATTRIBUTE_TYPE type : {CKA_EXTRACTABLE, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE}) {
    EXPECT_EQ(seen->Bool(type), false) << cryptoki::CkaName(type);
  }
  EXPECT_FALSE(session().SetAttributes(*key, Template().Bool(CKA_EXTRACTABLE, true)));
  EXPECT_FALSE(session().GetSecret(*key, CKA_VALUE));
}

}  // namespace
}  // namespace keyferry::ceremony
