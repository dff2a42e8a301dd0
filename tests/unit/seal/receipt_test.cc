// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/receipt.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "protocol/seal/bundle_sealer.h"
#include "protocol/wire/codec.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/fakes/software_seal.h"

namespace keyferry::seal {
namespace {

class ReceiptTest : public testing::Test {
 protected:
  ReceiptTest() : key_(fakes::SoftwareReceiptKey::PublicKey()) {
    statement_ = fakes::SampleStatement({fakes::SampleAes("key"), fakes::SampleChange(Operation::kDelete, "gone")});
    statement_.agent = IdOfKey(agent_.public_key());
  }

  wire::ReceiptBody Attested() {
    const SignedStatement told = SignStatement(statement_, receipt_key_).value();
    wire::ReceiptBody body = fakes::SampleReceipt();
    body.agent = statement_.agent;
    body.attested_by = wire::AttestedBy::kWorker;
    body.statement = told.octets;
    body.statement_signature = told.signature;
    return body;
  }

  std::optional<Code> Verify(const wire::ReceiptBody& body) const { return Verify(SignReceipt(body, agent_)); }
  std::optional<Code> Verify(const Bytes& receipt) const {
    const auto verified = VerifyReceipt(receipt, agent_.public_key(), key_);
    return verified ? std::nullopt : std::optional(verified.error().code());
  }

  const Ed25519KeyPair agent_ = fakes::KeyPairOf(9);
  fakes::SoftwareReceiptKey receipt_key_;
  const Bytes key_;
  wire::Statement statement_;
};

TEST_F(ReceiptTest, VerifiesOffline) {
  const Bytes receipt = SignReceipt(Attested(), agent_);
  const auto verified = VerifyReceipt(receipt, agent_.public_key(), key_);
  ASSERT_TRUE(verified) << verified.error().OneLine();
  ASSERT_TRUE(verified->statement);
  EXPECT_EQ(wire::Encode(*verified->statement), wire::Encode(statement_));
  EXPECT_EQ(verified->body.envelope_sha256, statement_.envelope_sha256);
}

TEST_F(ReceiptTest, OneOfTheAgentAloneHasNoStatement) {
  wire::ReceiptBody body = fakes::SampleReceipt();
  body.agent = IdOfKey(agent_.public_key());
  body.outcome = wire::Outcome::kExpired;
  body.code = "time.expired";
  const auto verified = VerifyReceipt(SignReceipt(body, agent_), agent_.public_key(), {});
  ASSERT_TRUE(verified) << verified.error().OneLine();
  EXPECT_FALSE(verified->statement);
}

TEST_F(ReceiptTest, TheSameBodyGivesTheSameOctets) {
  const wire::ReceiptBody body = Attested();
  EXPECT_EQ(SignReceipt(body, agent_), SignReceipt(body, agent_));
}

TEST_F(ReceiptTest, RefusesAnotherAgent) {
  const Ed25519KeyPair other = fakes::KeyPairOf(8);
  EXPECT_EQ(Verify(SignReceipt(Attested(), other)), Code::kReceiptWrong);
  wire::ReceiptBody body = Attested();
  body.agent = IdOfKey(other.public_key());
  EXPECT_EQ(Verify(body), Code::kReceiptWrong);
  EXPECT_EQ(VerifyReceipt(SignReceipt(Attested(), agent_), other.public_key(), key_).error().code(),
            Code::kReceiptWrong);
}

TEST_F(ReceiptTest, RefusesWhatIsNoReceipt) {
  EXPECT_EQ(Verify(Bytes()), Code::kReceiptWrong);
  EXPECT_EQ(Verify(Bytes(200, 0)), Code::kReceiptWrong);
  fakes::SoftwareSeal seal_in(Bytes(32, 1));
  EXPECT_EQ(Verify(SealBundle(fakes::SampleBundle({fakes::SampleAes("key")}), agent_, seal_in).value()),
            Code::kReceiptWrong);
}

TEST_F(ReceiptTest, RefusesABodyThatBreaksTheRules) {
  wire::ReceiptBody body = Attested();
  body.sequence = 0;
  EXPECT_EQ(Verify(body), Code::kReceiptWrong);
}

TEST_F(ReceiptTest, RefusesAnotherReceiptKey) {
  Bytes other = key_;
  other.back() ^= 1;
  const Bytes receipt = SignReceipt(Attested(), agent_);
  EXPECT_EQ(VerifyReceipt(receipt, agent_.public_key(), other).error().code(), Code::kStatementWrong);
  EXPECT_EQ(VerifyReceipt(receipt, agent_.public_key(), {}).error().code(), Code::kStatementWrong);
}

TEST_F(ReceiptTest, RefusesAStatementThatWasChanged) {
  wire::ReceiptBody body = Attested();
  statement_.executed_at += 1;
  body.statement = wire::Encode(statement_);
  EXPECT_EQ(Verify(body), Code::kStatementWrong);
}

TEST_F(ReceiptTest, RefusesAStatementOfAnotherBundle) {
  const std::function<void(wire::ReceiptBody&)> changes[] = {
      [](wire::ReceiptBody& r) { r.domain[0] ^= 1; },
      [](wire::ReceiptBody& r) { r.signer[0] ^= 1; },
      [](wire::ReceiptBody& r) { r.sequence += 1; },
      [](wire::ReceiptBody& r) { r.envelope_sha256[31] ^= 1; },
      [](wire::ReceiptBody& r) {
        r.outcome = wire::Outcome::kRefused;
        r.code = "item.exists";
      },
  };
  for (const auto& change : changes) {
    wire::ReceiptBody body = Attested();
    change(body);
    EXPECT_EQ(Verify(body), Code::kStatementWrong);
  }
  statement_.agent[0] ^= 1;
  wire::ReceiptBody body = Attested();
  body.agent = IdOfKey(agent_.public_key());
  EXPECT_EQ(Verify(body), Code::kStatementWrong);
}

TEST_F(ReceiptTest, RefusesAnotherCodeThanTheStatements) {
  statement_.outcome = wire::Outcome::kRefused;
  statement_.code = "item.exists";
  wire::ReceiptBody body = Attested();
  body.outcome = wire::Outcome::kRefused;
  body.code = "item.exists";
  EXPECT_EQ(Verify(body), std::nullopt);
  body.code = "item.policy";
  EXPECT_EQ(Verify(body), Code::kStatementWrong);
}

TEST_F(ReceiptTest, AWrongStatementUnderAGoodSignatureIsRefused) {
  statement_.generation = 0;
  EXPECT_EQ(Verify(Attested()), Code::kStatementWrong);
}

TEST_F(ReceiptTest, JsonSaysAllOfIt) {
  const auto verified = VerifyReceipt(SignReceipt(Attested(), agent_), agent_.public_key(), key_);
  ASSERT_TRUE(verified);
  EXPECT_EQ(
      ToJson(*verified).Dump(),
      R"({"agent":")" + HexEncode(statement_.agent) +
          R"(","domain":"22222222222222222222222222222222","signer":"33333333333333333333333333333333","sequence":7,)"
          R"("envelope_sha256":"4444444444444444444444444444444444444444444444444444444444444444",)"
          R"("attested_by":"worker","outcome":"ok","separation":"users","received_at":"2027-01-15T08:00:01Z",)"
          R"("concluded_at":"2027-01-15T08:00:03Z","audit_count":12,)"
          R"("audit_head":"5555555555555555555555555555555555555555555555555555555555555555",)"
          R"("statement":{"generation":1,"simulated":false,"outcome":"ok","items":[)"
          R"({"operation":"install","target":"hsm","class":"secret-key","label":"key",)"
          R"("id":"01010101010101010101010101010101","result":"ok","evidence":{"check_method":"ecb0-3",)"
          R"("check_value":"c5c5c5","key_bits":256,"usage":"encrypt,decrypt","sensitive":true,"extractable":false}},)"
          R"({"operation":"delete","target":"hsm","class":"secret-key","label":"gone","id":"","result":"ok"}],)"
          R"("token":{"label":"payments-hsm","serial":"0123456789abcdef","model":"model"},"template_enforced":true,)"
          R"("executed_at":"2027-01-15T08:00:02Z"}})");
}

}  // namespace
}  // namespace keyferry::seal
