// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Each wrong file or word is refused with its own code and changes nothing: the right one is taken afterwards.

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/token_keys.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"
#include "protocol/seal/bundle_sealer.h"
#include "tests/contract/ceremony/ceremony_world.h"

namespace keyferry::ceremony {
namespace {

using record::RootKey;

constexpr std::size_t kStrideOfFlips = 97;

class Refusals : public testing::Test {
 protected:
  bool TouchedNothing() {
    return world.target->CountLabelled(record::RootLabel(RootKey::kAes, 1)) == 0 &&
           world.target->CountLabelled(record::RootLabel(RootKey::kSealIn, 1)) == 0 &&
           world.Record().stage == record::Stage::kRequested;
  }
  std::string FingerprintOf(std::string_view text) { return record::Fingerprint(record::DocumentDigest(text)); }
  std::string JsonOf(const std::string& text, std::string_view kind) { return record::ParseDocument(text, kind)->json; }

  World world{Kind::kSoftHsm2};
};

TEST_F(Refusals, AFingerprintThatWasNotRead) {
  const MadeFile request = world.Request();
  EXPECT_EQ(CodeOf(AnswerRequest(world.Kms(), request.text, FingerprintOf("another"))), Code::kFingerprintMismatch);
  EXPECT_EQ(CodeOf(AnswerRequest(world.Kms(), request.text, "")), Code::kFingerprintMismatch);
  EXPECT_EQ(world.kms->CountLabelled(record::TwinLabel(RootKey::kAes, world.Record().domain, 1)), 0U);
  EXPECT_TRUE(record::LoadEnrolments(world.home())->empty());
  const MadeFile response = world.Answer(request);
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), response.text, request.fingerprint)), Code::kFingerprintMismatch);
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), response.text, response.fingerprint.substr(0, 19))),
            Code::kFingerprintMismatch);
  EXPECT_TRUE(TouchedNothing());
  world.Confirm(world.Import(response));
}

// Whoever read the request can answer it: only the fingerprint that the KMS's operators read out tells.
TEST_F(Refusals, AStrangerWhoReadTheRequest) {
  const MadeFile request = world.Request();
  const MadeFile response = world.Answer(request);
  const auto strange = AnswerRequest(world.Stranger(), request.text, request.fingerprint);
  ASSERT_TRUE(strange) << strange.error().OneLine();
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), strange->text, response.fingerprint)), Code::kFingerprintMismatch);
  EXPECT_TRUE(TouchedNothing());
  world.Import(response);
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), strange->text, strange->fingerprint)), Code::kRequestAnswered);
  EXPECT_EQ(world.Record().signers[0].key, world.kms_signer->public_key());
}

TEST_F(Refusals, AResponseToAnotherRequest) {
  const MadeFile old_response = world.Answer(world.Request());
  const MadeFile request = world.Request(/*renew=*/true);
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), old_response.text, old_response.fingerprint)),
            Code::kResponseForAnother);
  EXPECT_TRUE(TouchedNothing());
  world.Confirm(world.Import(world.Answer(request)));
}

TEST_F(Refusals, ARequestThatExpired) {
  const MadeFile request = world.Request();
  const UnixSeconds made = world.clock.now;
  world.clock.now = made + 24 * 60 * 60 + 1;
  EXPECT_EQ(CodeOf(AnswerRequest(world.Kms(), request.text, request.fingerprint)), Code::kRequestExpired);
  EXPECT_EQ(CodeOf(MakeRequest(world.Agent(), {})), Code::kRequestExpired);
  world.clock.now = made;
  const MadeFile response = world.Answer(request);
  world.clock.now = made + 24 * 60 * 60 + 1;
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), response.text, response.fingerprint)), Code::kRequestExpired);
  EXPECT_TRUE(TouchedNothing());
}

TEST_F(Refusals, ASecondAnswer) {
  const MadeFile request = world.Request();
  const MadeFile response = world.Answer(request);
  EXPECT_EQ(CodeOf(AnswerRequest(world.Kms(), request.text, request.fingerprint)), Code::kRequestAnswered);
  // What was answered can be handed over again.
  const auto kept = ReadFile(record::KeptResponsePath(world.home(), world.Record().domain), kMostDocumentOctets);
  ASSERT_TRUE(kept);
  EXPECT_EQ(AsText(*kept), response.text);
  world.Confirm(world.Import(response));
  EXPECT_EQ(CodeOf(AnswerRequest(world.Kms(), request.text, request.fingerprint)), Code::kRequestAnswered);
}

TEST_F(Refusals, ChangedOctetsWhoseFingerprintWasRead) {
  const MadeFile request = world.Request();
  for (std::size_t i = 0; i < request.text.size(); i += kStrideOfFlips) {
    std::string changed = request.text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(AnswerRequest(world.Kms(), changed, FingerprintOf(changed))) << i;
  }
  const MadeFile response = world.Answer(request);
  for (std::size_t i = 0; i < response.text.size(); i += kStrideOfFlips) {
    std::string changed = response.text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(ImportResponse(world.Agent(), changed, FingerprintOf(changed))) << i;
  }
  EXPECT_TRUE(TouchedNothing());
  std::string json = JsonOf(response.text, "response");
  json.replace(json.find("central"), 7, "another");
  const std::string unsigned_text = record::FormatDocument({"response", json, Bytes(64, 1)});
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), unsigned_text, FingerprintOf(unsigned_text))), Code::kSignatureWrong);
  world.Import(response);
}

TEST_F(Refusals, BlobsThatAreNotTheKeys) {
  const MadeFile response = world.Answer(world.Request());
  auto parsed = ParseResponse(response.text);
  ASSERT_TRUE(parsed);
  const auto import = [&](const Response& changed) {
    const std::string text = ResignBySigner(*world.kms_signer, "response", ToJsonLine(changed));
    return ImportResponse(world.Agent(), text, FingerprintOf(text));
  };
  Response damaged = *parsed;
  damaged.root_keys[3].wrapped[100] ^= 1;
  EXPECT_FALSE(import(damaged));
  // Both are 32 octets, so both unwrap: only the proof keys tell.
  Response swapped = *parsed;
  std::swap(swapped.root_keys[0].wrapped, swapped.root_keys[1].wrapped);
  EXPECT_FALSE(import(swapped));
  Response damaged_proof = *parsed;
  damaged_proof.proofs[2].wrapped[9] ^= 1;
  EXPECT_FALSE(import(damaged_proof));
  EXPECT_EQ(world.Record().stage, record::Stage::kRequested);
  // The transport key is still there: the right response goes through over what those tries left.
  world.Confirm(world.Import(response));
  EXPECT_EQ(world.target->CountLabelled(record::RootLabel(RootKey::kAes, 1)), 1U);
}

TEST_F(Refusals, AProofThatIsNotOne) {
  const MadeFile made = world.Import(world.Answer(world.Request()));
  HsmSealSigner seal_in(world.kms->session(), world.SealInTwin(*world.kms));
  std::string changed = made.text;
  changed[changed.size() - 2] = changed[changed.size() - 2] == '0' ? '1' : '0';
  EXPECT_EQ(CodeOf(MakeConfirmation(world.Kms(), changed, seal_in)), Code::kSignatureWrong);
  const record::Record record = world.Record();
  const auto proof = ParseProof(made.text, record.receipt_key);
  ASSERT_TRUE(proof) << proof.error().OneLine();
  const auto confirm = [&](const Proof& other) {
    const auto text = SignByReceiptKey(world.target->session(), record.receipt_key_id, "proof", ToJsonLine(other));
    EXPECT_TRUE(text);
    return CodeOf(MakeConfirmation(world.Kms(), *text, seal_in));
  };
  for (std::size_t i = 0; i < proof->values.size(); ++i) {
    Proof wrong = *proof;
    wrong.values[i].value[0] ^= 1;
    EXPECT_EQ(confirm(wrong), Code::kProofWrong) << i;
  }
  Proof other = *proof;
  other.response_sha256[0] ^= 1;
  EXPECT_EQ(confirm(other), Code::kResponseForAnother);
  other = *proof;
  other.domain[0] ^= 1;
  EXPECT_EQ(confirm(other), Code::kCeremonyOrder);
  world.Confirm(made);
}

TEST_F(Refusals, AConfirmationThatIsNotOne) {
  const MadeFile proof = world.Import(world.Answer(world.Request()));
  HsmSealSigner seal_in(world.kms->session(), world.SealInTwin(*world.kms));
  const auto made = MakeConfirmation(world.Kms(), proof.text, seal_in);
  ASSERT_TRUE(made) << made.error().OneLine();
  for (std::size_t i = 0; i < made->envelope.size(); ++i) {
    Bytes changed = made->envelope;
    changed[i] ^= 1;
    EXPECT_FALSE(ConfirmBootstrap(world.Agent(), changed)) << i;
  }
  const record::Record record = world.Record();
  wire::ConfirmationBody body{IdOfKey(record.agent), record.domain,          1,
                              record.request_sha256, record.response_sha256, record.proof_sha256};
  const auto confirm = [&](const wire::ConfirmationBody& other, const Ed25519KeyPair& signer,
                           seal::SealSigner& sealer) {
    const auto envelope = seal::SealConfirmation(other, signer, sealer);
    EXPECT_TRUE(envelope);
    return CodeOf(ConfirmBootstrap(world.Agent(), *envelope));
  };
  wire::ConfirmationBody other = body;
  other.agent[0] ^= 1;
  EXPECT_EQ(confirm(other, *world.kms_signer, seal_in), Code::kWrongAgent);
  other = body;
  other.domain[0] ^= 1;
  EXPECT_EQ(confirm(other, *world.kms_signer, seal_in), Code::kWrongDomain);
  other = body;
  other.proof_sha256[0] ^= 1;
  EXPECT_EQ(confirm(other, *world.kms_signer, seal_in), Code::kResponseForAnother);
  EXPECT_EQ(confirm(body, *world.stranger_signer, seal_in), Code::kSignerUnknown);
  // The signer's key without the HSM: the seal is another key's.
  cryptoki::Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_SIGN, true).Ulong(CKA_VALUE_LEN, 32);
  const auto another = world.stranger->session().GenerateKey(cryptoki::Mechanism::GenericSecretKeyGen(), attributes);
  ASSERT_TRUE(another);
  HsmSealSigner wrong(world.stranger->session(), *another);
  EXPECT_EQ(confirm(body, *world.kms_signer, wrong), Code::kSealWrong);
  EXPECT_EQ(world.Record().stage, record::Stage::kImported);
  EXPECT_TRUE(ConfirmBootstrap(world.Agent(), made->envelope));
}

TEST_F(Refusals, StepsOutOfOrder) {
  EXPECT_EQ(CodeOf(ImportResponse(world.Agent(), "x", FingerprintOf("x"))), Code::kCeremonyOrder);
  EXPECT_EQ(CodeOf(ConfirmBootstrap(world.Agent(), Bytes(10))), Code::kCeremonyOrder);
  world.Request();
  EXPECT_EQ(CodeOf(ConfirmBootstrap(world.Agent(), Bytes(10))), Code::kCeremonyOrder);
}

}  // namespace
}  // namespace keyferry::ceremony
