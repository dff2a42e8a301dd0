// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/record.h"

#include <gtest/gtest.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>

#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"

namespace keyferry::record {
namespace {

// A receipt key outside of any token.
class ReceiptKey {
 public:
  ReceiptKey() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free) {}

  Bytes PublicKey() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    Bytes octets(der, der + size);
    OPENSSL_free(der);
    return octets;
  }

  // r ‖ s, as a token gives it.
  Bytes Sign(ByteView data) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    Bytes der(128);
    std::size_t size = der.size();
    EVP_DigestSign(context.get(), der.data(), &size, data.data(), data.size());
    const unsigned char* at = der.data();
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parsed(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), &ECDSA_SIG_free);
    Bytes signature(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), signature.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), signature.data() + 32, 32);
    return signature;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

class RecordFile : public testing::Test {
 protected:
  RecordFile() {
    InitCrypto();
    std::string form = (std::filesystem::temp_directory_path() / "keyferry-record-XXXXXX").string();
    directory_ = mkdtemp(form.data());
  }
  ~RecordFile() override { std::filesystem::remove_all(directory_); }

  Record Sample() const {
    Record record;
    record.stage = Stage::kConfirmed;
    record.domain.fill(0x11);
    record.domain_name = "payments";
    record.agent.fill(0x22);
    record.agent_channel.assign(32, 0x33);
    record.token = {"payments-hsm", "0123456789abcdef", "SoftHSM project", "SoftHSM v2"};
    record.receipt_key = key_.PublicKey();
    record.receipt_key_id = {1, 2, 3};
    record.generations = {{1, true, {{RootKey::kAes, {4, 5}, {{0x104, {1}}, {0x40000212, {}}}}}}};
    record.signers = {{"kms", Ed25519PublicKey{}}};
    record.peers = {Bytes(32, 0x44)};
    record.request_sha256.fill(0x55);
    record.request_expires = 1'800'000'000;
    record.oaep = "RSA-4096, OAEP SHA-1";
    record.template_enforced = true;
    AddStep(record, "request made", 1'799'900'000, Json::EmptyObject().Set("fingerprint", "00"));
    AddStep(record, "response imported", 1'799'900'100, Json::EmptyObject());
    return record;
  }

  std::string Path() const { return RecordPath(directory_); }

  void Write(const Record& record) const {
    const std::string json = ToJson(record).Dump();
    const SignedDocument document{"record", json, key_.Sign(SignedOctets("record", json))};
    ASSERT_TRUE(WriteDurably(Path(), AsBytes(FormatDocument(document)), 0644));
  }

  ReceiptKey key_;
  std::string directory_;
};

TEST_F(RecordFile, ReadsWhatWasWritten) {
  const Record record = Sample();
  Write(record);
  const auto read = LoadConfirmed(Path());
  ASSERT_TRUE(read) << read.error().OneLine();
  EXPECT_EQ(ToJson(*read).Dump(), ToJson(record).Dump());
  ASSERT_EQ(read->generations.size(), 1U);
  EXPECT_EQ(read->generations[0].keys[0].attributes[0].value, Bytes{1});
  EXPECT_EQ(read->steps[1].what, "response imported");
}

TEST_F(RecordFile, AbsenceIsNotBootstrapped) {
  const auto any = LoadAny(Path());
  ASSERT_TRUE(any);
  EXPECT_FALSE(any->has_value());
  const auto confirmed = LoadConfirmed(Path());
  ASSERT_FALSE(confirmed);
  EXPECT_EQ(confirmed.error().code(), Code::kNotBootstrapped);
}

TEST_F(RecordFile, ACeremonyThatHasNotEndedIsNotBootstrapped) {
  for (const Stage stage : {Stage::kRequested, Stage::kImported}) {
    Record record = Sample();
    record.stage = stage;
    Write(record);
    const auto any = LoadAny(Path());
    ASSERT_TRUE(any && any->has_value());
    EXPECT_EQ((*any)->stage, stage);
    const auto confirmed = LoadConfirmed(Path());
    ASSERT_FALSE(confirmed);
    EXPECT_EQ(confirmed.error().code(), Code::kNotBootstrapped);
  }
}

TEST_F(RecordFile, AnyChangedOctetIsFound) {
  Write(Sample());
  const auto octets = ReadFile(Path(), 1 << 20);
  ASSERT_TRUE(octets);
  for (std::size_t i = 0; i < octets->size(); i += 7) {
    Bytes changed = *octets;
    changed[i] ^= 1;
    ASSERT_TRUE(WriteDurably(Path(), changed, 0644));
    const auto read = LoadConfirmed(Path());
    // A digit of the signature may keep its value in the other case; nothing else may pass.
    if (read) {
      EXPECT_EQ(ToJson(*read).Dump(), ToJson(Sample()).Dump()) << i;
      continue;
    }
    EXPECT_EQ(read.error().code(), Code::kRecordWrong) << i << ": " << read.error().OneLine();
  }
}

TEST_F(RecordFile, AStepThatWasTakenOutBreaksTheChain) {
  Record record = Sample();
  EXPECT_TRUE(CheckSteps(record));
  record.steps.erase(record.steps.begin());
  EXPECT_FALSE(CheckSteps(record));
  Write(record);
  const auto read = LoadAny(Path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kRecordWrong);
}

TEST_F(RecordFile, AStepThatWasChangedBreaksTheChain) {
  Record record = Sample();
  record.steps[0].time += 1;
  EXPECT_FALSE(CheckSteps(record));
  record = Sample();
  record.steps[1].details.Set("more", true);
  EXPECT_FALSE(CheckSteps(record));
}

TEST(Record, NamesItsObjects) {
  Id16 domain{};
  domain[15] = 0xab;
  EXPECT_EQ(RootLabel(RootKey::kSealIn, 2), "keyferry root seal-in g2");
  EXPECT_EQ(TwinLabel(RootKey::kPrivate, domain, 1), "keyferry twin private 000000000000000000000000000000ab g1");
  EXPECT_EQ(ReceiptLabel(), "keyferry receipt");
}

TEST(Record, FindsWhatServes) {
  Record record;
  record.generations = {{1, false, {}}, {2, true, {}}};
  EXPECT_EQ(record.Serving(1), nullptr);
  EXPECT_EQ(record.Serving(3), nullptr);
  ASSERT_NE(record.Serving(2), nullptr);
  EXPECT_EQ(record.Serving(2)->number, 2U);
}

}  // namespace
}  // namespace keyferry::record
