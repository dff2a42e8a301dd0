// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/session.h"

#include "protocol/base/crypto.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/operation.h"
#include "targets/cryptoki/public_key.h"
#include "tests/contract/cryptoki/token_fixture.h"

namespace keyferry::cryptoki {
namespace {

using SessionContract = EveryToken;
INSTANTIATE_TEST_SUITE_P(All, SessionContract, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

const Bytes kZeros(16, 0);

Template TokenKeyTemplate(std::string_view label, ByteView id) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, true);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false).Bool(CKA_ENCRYPT, true);
  attributes.Ulong(CKA_VALUE_LEN, 32).Text(CKA_LABEL, label).Octets(CKA_ID, id);
  return attributes;
}

TEST_P(SessionContract, GeneratesFindsChangesAndDestroys) {
  const auto key = session().GenerateKey(Mechanism::AesKeyGen(), TokenKeyTemplate("first", Bytes{1, 2}));
  ASSERT_TRUE(key) << key.error().OneLine();
  Template by_label;
  by_label.Ulong(CKA_CLASS, CKO_SECRET_KEY).Text(CKA_LABEL, "first");
  const auto found = session().FindOne(by_label, "secret key 'first'");
  ASSERT_TRUE(found) << found.error().OneLine();
  const Status changed = session().SetAttributes(*found, std::move(Template().Text(CKA_LABEL, "second")));
  ASSERT_TRUE(changed) << changed.error().OneLine();
  EXPECT_EQ(session().FindOne(by_label, "secret key 'first'").error().code(), Code::kObjectMissing);
  Template by_id;
  by_id.Octets(CKA_ID, Bytes{1, 2});
  const auto second = session().FindOne(by_id, "id 0102");
  ASSERT_TRUE(second) << second.error().OneLine();
  const auto values = session().GetAttributes(*second, {CKA_LABEL, CKA_ID, CKA_SENSITIVE, CKA_VALUE, CKA_MODULUS});
  ASSERT_TRUE(values) << values.error().OneLine();
  EXPECT_EQ(values->Text(CKA_LABEL), "second");
  EXPECT_EQ(values->Octets(CKA_ID), (Bytes{1, 2}));
  EXPECT_EQ(values->Bool(CKA_SENSITIVE), true);
  EXPECT_FALSE(values->Has(CKA_VALUE)) << "a sensitive value was shown";
  EXPECT_FALSE(values->Has(CKA_MODULUS));
  EXPECT_EQ(session().GetSecret(*second, CKA_VALUE).error().code(), Code::kTokenRefused);
  ASSERT_TRUE(session().DestroyObject(*second));
  EXPECT_FALSE(session().DestroyObject(*second));
}

TEST_P(SessionContract, FindsMoreThanOneBatch) {
  for (int i = 0; i < 600; ++i) {
    CreateKey(CKK_GENERIC_SECRET, Bytes(16, 1), std::move(Template().Text(CKA_LABEL, "many")));
  }
  const auto found = session().FindObjects(std::move(Template().Text(CKA_LABEL, "many")));
  ASSERT_TRUE(found) << found.error().OneLine();
  EXPECT_EQ(found->size(), 600U);
  EXPECT_EQ(session().FindOne(std::move(Template().Text(CKA_LABEL, "many")), "keys").error().code(),
            Code::kObjectAmbiguous);
}

TEST_P(SessionContract, ReadsValuesLargerThanTheUsual) {
  const Bytes value = RandomBytes(300);
  const CK_OBJECT_HANDLE key = CreateKey(CKK_GENERIC_SECRET, value, std::move(Template().Text(CKA_LABEL, "long")));
  const auto values = session().GetAttributes(key, {CKA_LABEL, CKA_VALUE, CKA_MODULUS, CKA_SIGN});
  ASSERT_TRUE(values) << values.error().OneLine();
  EXPECT_EQ(values->Octets(CKA_VALUE), value);
  EXPECT_EQ(values->Text(CKA_LABEL), "long");
  EXPECT_EQ(values->Bool(CKA_SIGN), true);
  const auto secret = session().GetSecret(key, CKA_VALUE);
  ASSERT_TRUE(secret) << secret.error().OneLine();
  EXPECT_TRUE(Equal(secret->Expose(), value));
}

TEST_P(SessionContract, ChecksValuesLikeSoftware) {
  const Bytes value = RandomBytes(32);
  const CK_OBJECT_HANDLE aes = CreateKey(CKK_AES, value);
  const CK_OBJECT_HANDLE mac = CreateKey(CKK_GENERIC_SECRET, value);
  Bytes copy = value;
  const auto secret = Secret::TakeFrom(copy);
  for (const CheckMethod method : {CheckMethod::kEcb0, CheckMethod::kCmac, CheckMethod::kHmac}) {
    const auto inside = ComputeCheckValue(session(), method == CheckMethod::kHmac ? mac : aes, method);
    ASSERT_TRUE(inside) << inside.error().OneLine();
    EXPECT_EQ(*inside, *SoftwareCheckValue(*secret, method)) << Name(method);
  }
  EXPECT_EQ(ComputeCheckValue(session(), aes, CheckMethod::kPublicKey).error().code(), Code::kNotPossibleHere);
}

TEST_P(SessionContract, SignsAndVerifiesMacs) {
  const CK_OBJECT_HANDLE mac = CreateKey(CKK_GENERIC_SECRET, Bytes(32, 9));
  const auto signature = session().Sign(Mechanism::HmacSha256(), mac, kZeros);
  ASSERT_TRUE(signature) << signature.error().OneLine();
  EXPECT_EQ(signature->size(), 32U);
  EXPECT_TRUE(session().Verify(Mechanism::HmacSha256(), mac, kZeros, *signature));
  Bytes wrong = *signature;
  wrong[5] ^= 4;
  const Status refused = session().Verify(Mechanism::HmacSha256(), mac, kZeros, wrong);
  ASSERT_FALSE(refused);
  // Named exception: NSS 3.87 answers CKR_DEVICE_ERROR for a wrong HMAC.
  EXPECT_EQ(RvOf(refused.error()), IsNss() ? CKR_DEVICE_ERROR : CKR_SIGNATURE_INVALID) << refused.error().OneLine();
  EXPECT_TRUE(session().Verify(Mechanism::HmacSha256(), mac, kZeros, *signature)) << "the session still works";
}

TEST_P(SessionContract, EndsHalfStartedOperations) {
  const CK_OBJECT_HANDLE aes = CreateKey(CKK_AES, Bytes(32, 9));
  const CK_OBJECT_HANDLE mac = CreateKey(CKK_GENERIC_SECRET, Bytes(32, 9));
  const CK_FUNCTION_LIST& f = module().functions();
  const Mechanism hmac = Mechanism::HmacSha256();
  const Mechanism ecb = Mechanism::AesEcb();
  NativeMechanism sign(hmac);
  NativeMechanism encrypt(ecb);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(f.C_SignInit(session().handle(), sign.get(), mac), CKR_OK);
    {
      Operation guard(module(), session().handle(), Operation::Kind::kSign);
    }
    ASSERT_EQ(f.C_VerifyInit(session().handle(), sign.get(), mac), CKR_OK);
    {
      Operation guard(module(), session().handle(), Operation::Kind::kVerify);
    }
    ASSERT_EQ(f.C_EncryptInit(session().handle(), encrypt.get(), aes), CKR_OK);
    {
      Operation guard(module(), session().handle(), Operation::Kind::kEncrypt);
    }
    ASSERT_EQ(f.C_DecryptInit(session().handle(), encrypt.get(), aes), CKR_OK);
    {
      Operation guard(module(), session().handle(), Operation::Kind::kDecrypt);
    }
    ASSERT_EQ(f.C_FindObjectsInit(session().handle(), nullptr, 0), CKR_OK);
    {
      Operation guard(module(), session().handle(), Operation::Kind::kFind);
    }
  }
  // An error in the middle leaves nothing behind either: 15 octets are no AES block.
  EXPECT_FALSE(session().Encrypt(ecb, aes, Bytes(15, 0)));
  EXPECT_TRUE(session().Encrypt(ecb, aes, kZeros));
  EXPECT_EQ(session().Decrypt(ecb, aes, *session().Encrypt(ecb, aes, kZeros)), kZeros);
}

TEST_P(SessionContract, GeneratesKeyPairsWhoseHalvesBelongTogether) {
  Template ec_public;
  ec_public.Bool(CKA_TOKEN, false).Bool(CKA_VERIFY, true).Octets(CKA_EC_PARAMS, *EcParamsOf(KeyType::kEc, 256));
  Template rsa_public;
  rsa_public.Bool(CKA_TOKEN, false).Ulong(CKA_MODULUS_BITS, 2048).Octets(CKA_PUBLIC_EXPONENT, Bytes{1, 0, 1});
  const auto private_half = [] {
    Template attributes;
    attributes.Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_SIGN, true);
    return attributes;
  };
  const auto ec = session().GenerateKeyPair(Mechanism::EcKeyPairGen(), ec_public, private_half());
  ASSERT_TRUE(ec) << ec.error().OneLine();
  const auto rsa = session().GenerateKeyPair(Mechanism::RsaKeyPairGen(), rsa_public, private_half());
  ASSERT_TRUE(rsa) << rsa.error().OneLine();
  const auto ec_spki = ReadPublicKeyInfo(session(), ec->public_key);
  ASSERT_TRUE(ec_spki) << ec_spki.error().OneLine();
  const auto rsa_spki = ReadPublicKeyInfo(session(), rsa->public_key);
  ASSERT_TRUE(rsa_spki) << rsa_spki.error().OneLine();
  EXPECT_TRUE(CheckPrivateKey(session(), ec->private_key, *ec_spki));
  EXPECT_TRUE(CheckPrivateKey(session(), rsa->private_key, *rsa_spki));
  const auto other = session().GenerateKeyPair(Mechanism::EcKeyPairGen(), ec_public, private_half());
  ASSERT_TRUE(other);
  const Status stranger = CheckPrivateKey(session(), other->private_key, *ec_spki);
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code(), Code::kCheckValueWrong);
  // Created from its encoding, a public key reads back as the same encoding.
  auto attributes = PublicKeyTemplate(*ec_spki);
  ASSERT_TRUE(attributes);
  attributes->Bool(CKA_TOKEN, false).Bool(CKA_VERIFY, true);
  const auto copy = session().CreateObject(*attributes);
  ASSERT_TRUE(copy) << copy.error().OneLine();
  EXPECT_EQ(ReadPublicKeyInfo(session(), *copy), *ec_spki);
}

TEST_P(SessionContract, ScopedObjectsGo) {
  const auto count = [this] { return session().FindObjects(std::move(Template().Text(CKA_LABEL, "brief")))->size(); };
  {
    const ScopedObject key(session(), CreateKey(CKK_AES, Bytes(32, 1), std::move(Template().Text(CKA_LABEL, "brief"))));
    EXPECT_EQ(count(), 1U);
  }
  EXPECT_EQ(count(), 0U);
}

TEST(SoftHsm2Session, TakesAnUnmodifiableRootKeyStraightFromUnwrap) {
  const auto under_test = TokenUnderTest::SoftHsm2();
  const auto module = Module::Load(under_test->module_path());
  ASSERT_TRUE(module);
  auto token = Token::Find(**module, under_test->uri());
  ASSERT_TRUE(token);
  ASSERT_TRUE(token->Login(fakes::TestSecret(kPin)));
  auto session = token->OpenSession();
  ASSERT_TRUE(session);
  Bytes kek_octets(32, 1);
  Bytes root_octets(32, 2);
  const auto kek_value = Secret::TakeFrom(kek_octets);
  const auto root_value = Secret::TakeFrom(root_octets);
  Template kek;
  kek.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, false).Bool(CKA_UNWRAP, true);
  kek.BorrowSecret(CKA_VALUE, *kek_value);
  const auto kek_handle = session->CreateObject(kek);
  ASSERT_TRUE(kek_handle) << kek_handle.error().OneLine();
  const CK_MECHANISM_TYPE only[] = {CKM_AES_KEY_WRAP_PAD};
  Template root;
  root.Bool(CKA_MODIFIABLE, false).Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, true);
  root.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false).Bool(CKA_UNWRAP, true);
  root.Bool(CKA_WRAP, false).Bool(CKA_DECRYPT, false).Mechanisms(CKA_ALLOWED_MECHANISMS, only);
  root.Nested(CKA_UNWRAP_TEMPLATE, std::move(Template().Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false)));
  const auto blob = SoftwareWrap(WrapMethod::kAesKwp, *kek_value, *root_value);
  ASSERT_TRUE(blob);
  const auto key = session->UnwrapKey(Mechanism::Plain(CKM_AES_KEY_WRAP_PAD), *kek_handle, *blob, root);
  ASSERT_TRUE(key) << key.error().OneLine();
  const auto inner = session->GetNested(*key, CKA_UNWRAP_TEMPLATE);
  ASSERT_TRUE(inner) << inner.error().OneLine();
  EXPECT_EQ(inner->size(), 2U);
  EXPECT_EQ(inner->Bool(CKA_SENSITIVE), true);
  EXPECT_EQ(inner->Bool(CKA_EXTRACTABLE), false);
  const Status weakened = session->SetAttributes(*key, std::move(Template().Bool(CKA_WRAP, true)));
  ASSERT_FALSE(weakened);
  EXPECT_EQ(RvOf(weakened.error()), CKR_ACTION_PROHIBITED);
  EXPECT_FALSE(session->CopyObject(*key, std::move(Template().Bool(CKA_MODIFIABLE, true))));
}

TEST_P(SessionContract, RefusesArraysOfAttributesAsPlainOnes) {
  const CK_OBJECT_HANDLE key = CreateKey(CKK_AES, Bytes(32, 1));
  EXPECT_EQ(session().GetAttributes(key, {CKA_UNWRAP_TEMPLATE}).error().code(), Code::kInternal);
}

}  // namespace
}  // namespace keyferry::cryptoki
