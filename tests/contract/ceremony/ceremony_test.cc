// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <map>

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/token_keys.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/pinned_attributes.h"
#include "tests/contract/ceremony/ceremony_world.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;
using record::RootKey;

constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};

class Ceremony : public testing::TestWithParam<Kind> {
 protected:
  World world{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(All, Ceremony, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

TEST_P(Ceremony, EndsInAConfirmedRecord) {
  const MadeFile request = world.Request();
  EXPECT_EQ(record::LoadConfirmed(world.record_path()).error().code(), Code::kNotBootstrapped);
  const MadeFile response = world.Answer(request);
  const MadeFile proof = world.Import(response);
  EXPECT_EQ(record::LoadConfirmed(world.record_path()).error().code(), Code::kNotBootstrapped);
  const Bytes confirmation = world.Confirm(proof);

  const auto record = record::LoadConfirmed(world.record_path());
  ASSERT_TRUE(record) << record.error().OneLine();
  EXPECT_EQ(record->domain_name, "payments");
  EXPECT_EQ(record->request_sha256, record::DocumentDigest(request.text));
  EXPECT_EQ(record->response_sha256, record::DocumentDigest(response.text));
  EXPECT_EQ(record->proof_sha256, record::DocumentDigest(proof.text));
  ASSERT_EQ(record->signers.size(), 1U);
  EXPECT_EQ(record->signers[0].name, "central");
  EXPECT_EQ(record->signers[0].key, world.kms_signer->public_key());
  EXPECT_EQ(record->peers, std::vector<Bytes>{Bytes(32, 0x7c)});
  EXPECT_EQ(record->template_enforced, GetParam() == Kind::kSoftHsm2);
  EXPECT_EQ(record->oaep, "RSA-4096, OAEP SHA-1, MGF1 SHA-1: about 128 bits");
  std::vector<std::string> steps;
  for (const record::Step& step : record->steps) steps.push_back(step.what);
  EXPECT_EQ(steps, (std::vector<std::string>{"request made", "response imported", "transport key seen gone",
                                             "proof made", "confirmation verified"}));
  EXPECT_EQ(ReadFile(ConfirmationPath(world.state_dir()), 4096), confirmation);
  EXPECT_EQ(Exists(world.state_dir() + "/token.object"), GetParam() == Kind::kSoftHsm2);
}

TEST_P(Ceremony, TheEnrolmentNamesTheAgent) {
  world.RunAll();
  const auto enrolments = record::LoadEnrolments(world.home());
  ASSERT_TRUE(enrolments);
  ASSERT_EQ(enrolments->size(), 1U);
  const record::Enrolment& enrolment = enrolments->front();
  const record::Record record = world.Record();
  EXPECT_EQ(enrolment.stage, record::EnrolmentStage::kConfirmed);
  EXPECT_EQ(enrolment.domain, record.domain);
  EXPECT_EQ(enrolment.agent, IdOfKey(record.agent));
  EXPECT_EQ(enrolment.receipt_key, record.receipt_key);
  EXPECT_EQ(enrolment.request_sha256, record.request_sha256);
  EXPECT_EQ(enrolment.response_sha256, record.response_sha256);
  EXPECT_EQ(enrolment.proof_sha256, record.proof_sha256);
  EXPECT_FALSE(Exists(record::KeptResponsePath(world.home(), record.domain)));
}

TEST_P(Ceremony, BothSidesHoldTheSameKeys) {
  world.RunAll();
  const Id16 domain = world.Record().domain;
  cryptoki::Session& kms = world.kms->session();
  cryptoki::Session& target = world.target->session();
  for (const RootKey kek : {RootKey::kAes, RootKey::kMac}) {
    const bool aes = kek == RootKey::kAes;
    const CK_KEY_TYPE type = aes ? CKK_AES : CKK_GENERIC_SECRET;
    Template generate;
    generate.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false);
    generate.Bool(CKA_EXTRACTABLE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_SIGN, true).Ulong(CKA_VALUE_LEN, 32);
    const auto key = kms.GenerateKey(aes ? Mechanism::AesKeyGen() : Mechanism::GenericSecretKeyGen(), generate);
    ASSERT_TRUE(key) << key.error().OneLine();
    const auto blob = kms.WrapKey(*world.kms->profile().WrapMechanism(WrapMethod::kAesKwp),
                                  world.kms->Labelled(record::TwinLabel(kek, domain, 1)), *key);
    ASSERT_TRUE(blob) << blob.error().OneLine();
    Template unwrap;
    unwrap.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
    unwrap.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false).Bool(CKA_SIGN, true);
    const auto arrived = target.UnwrapKey(*world.target->profile().WrapMechanism(WrapMethod::kAesKwp),
                                          world.target->Labelled(record::RootLabel(kek, 1)), *blob, unwrap);
    ASSERT_TRUE(arrived) << arrived.error().OneLine();
    const CheckMethod check = aes ? CheckMethod::kCmac : CheckMethod::kHmac;
    EXPECT_EQ(*cryptoki::ComputeCheckValue(kms, *key, check), *cryptoki::ComputeCheckValue(target, *arrived, check));
  }
}

TEST_P(Ceremony, RootKeysHaveTheirAttributesAndTheseArePinned) {
  world.RunAll();
  const record::Record record = world.Record();
  ASSERT_EQ(record.generations.size(), 1U);
  ASSERT_EQ(record.generations[0].keys.size(), kRootKeys.size());
  for (std::size_t i = 0; i < kRootKeys.size(); ++i) {
    const record::RootKeyRecord& pinned = record.generations[0].keys[i];
    ASSERT_EQ(pinned.key, kRootKeys[i]);
    const bool kek = pinned.key != RootKey::kSealIn;
    const auto object = world.target->session().FindOne(Template().Octets(CKA_ID, pinned.id), "root key");
    ASSERT_TRUE(object) << object.error().OneLine();
    const auto seen = world.target->session().GetAttributes(
        *object, {CKA_LABEL, CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_ENCRYPT,
                  CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE, CKA_ALLOWED_MECHANISMS});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->Text(CKA_LABEL), record::RootLabel(pinned.key, 1));
    for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE}) EXPECT_EQ(seen->Bool(type), true);
    for (const CK_ATTRIBUTE_TYPE type :
         {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_WRAP, CKA_DERIVE, CKA_MODIFIABLE}) {
      // NSS keeps every object of a database modifiable.
      if (type == CKA_MODIFIABLE && GetParam() == Kind::kNss) continue;
      EXPECT_EQ(seen->Bool(type), false) << cryptoki::CkaName(type);
    }
    EXPECT_EQ(seen->Bool(CKA_UNWRAP), kek);
    EXPECT_EQ(seen->Bool(CKA_VERIFY), !kek);
    if (GetParam() == Kind::kSoftHsm2) {
      const CK_MECHANISM_TYPE only = kek ? *world.target->profile().kwp : CK_MECHANISM_TYPE{CKM_SHA256_HMAC};
      EXPECT_EQ(seen->Mechanisms(CKA_ALLOWED_MECHANISMS), std::vector<CK_MECHANISM_TYPE>{only});
    }
    const auto now =
        cryptoki::ReadPinnedAttributes(world.target->session(), *object, world.target->profile().template_readable);
    ASSERT_TRUE(now);
    std::map<CK_ATTRIBUTE_TYPE, Bytes> then;
    for (const record::PinnedAttribute& attribute : pinned.attributes) then[attribute.type] = attribute.value;
    EXPECT_EQ(*now, then);
    EXPECT_EQ(then.contains(CKA_UNWRAP_TEMPLATE), kek && GetParam() == Kind::kSoftHsm2);
  }
}

TEST_P(Ceremony, TheTransportKeyIsGone) {
  world.Import(world.Answer(world.Request()));
  auto fresh = world.target->token().OpenSession();
  ASSERT_TRUE(fresh);
  const auto left = FindTransportKey(*fresh, world.Record().domain, 1);
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->has_value());
  const auto rsa = fresh->FindObjects(Template().Ulong(CKA_KEY_TYPE, CKK_RSA));
  ASSERT_TRUE(rsa);
  EXPECT_TRUE(rsa->empty());
}

TEST_P(Ceremony, TwinsWrapOrSealAndNothingElse) {
  world.RunAll();
  const Id16 domain = world.Record().domain;
  for (const RootKey key : kRootKeys) {
    const CK_OBJECT_HANDLE twin = world.kms->Labelled(record::TwinLabel(key, domain, 1));
    const auto seen =
        world.kms->session().GetAttributes(twin, {CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_WRAP, CKA_SIGN,
                                                  CKA_ENCRYPT, CKA_DECRYPT, CKA_VERIFY, CKA_UNWRAP, CKA_DERIVE});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->Bool(CKA_SENSITIVE), true);
    EXPECT_EQ(seen->Bool(CKA_WRAP), key != RootKey::kSealIn);
    EXPECT_EQ(seen->Bool(CKA_SIGN), key == RootKey::kSealIn);
    for (const CK_ATTRIBUTE_TYPE type :
         {CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_VERIFY, CKA_UNWRAP, CKA_DERIVE}) {
      EXPECT_EQ(seen->Bool(type), false) << cryptoki::CkaName(type);
    }
  }
}

TEST(CeremonyOnNss, WantsTheWeakerGuardAccepted) {
  World world(Kind::kNss);
  world.accept_unenforced = false;
  EXPECT_EQ(CodeOf(MakeRequest(world.Agent(), {})), Code::kTemplateUnenforced);
  EXPECT_EQ(world.target->CountLabelled(record::ReceiptLabel()), 0U);
}

}  // namespace
}  // namespace keyferry::ceremony
