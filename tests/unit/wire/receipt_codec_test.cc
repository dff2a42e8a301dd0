// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/receipt.pb.h"
#include "protocol/wire/strict.h"
#include "tests/fakes/sample_bundles.h"

namespace keyferry::wire {
namespace {

template <typename Body, typename Decode>
std::optional<Code> CodeOf(const Body& body, Decode decode) {
  const auto decoded = decode(Encode(body));
  return decoded ? std::nullopt : std::optional(decoded.error().code());
}

std::optional<Code> CodeOf(const Statement& body) { return CodeOf(body, DecodeStatement); }
std::optional<Code> CodeOf(const ReceiptBody& body) { return CodeOf(body, DecodeReceipt); }

Statement Told() {
  Statement statement =
      fakes::SampleStatement({fakes::SampleAes("one", 1), fakes::SampleChange(Operation::kDelete, "two"),
                              fakes::SampleCertificate("three", 3)});
  ItemOutcome refused = statement.items[0];
  refused.label = "four";
  refused.result = ItemResult::kRefused;
  refused.code = "item.exists";
  refused.message = "it is there already";
  refused.evidence = {};
  statement.items.push_back(refused);
  statement.outcome = Outcome::kPartial;
  statement.code = "partial";
  statement.message = "3 of 4";
  statement.simulated = true;
  return statement;
}

TEST(ReceiptCodec, StatementsRoundTrip) {
  const Statement statement = Told();
  const auto decoded = DecodeStatement(Encode(statement));
  ASSERT_TRUE(decoded) << decoded.error().OneLine();
  EXPECT_EQ(Encode(*decoded), Encode(statement));
  EXPECT_EQ(decoded->agent, statement.agent);
  EXPECT_EQ(decoded->domain, statement.domain);
  EXPECT_EQ(decoded->generation, statement.generation);
  EXPECT_EQ(decoded->signer, statement.signer);
  EXPECT_EQ(decoded->sequence, statement.sequence);
  EXPECT_EQ(decoded->envelope_sha256, statement.envelope_sha256);
  EXPECT_EQ(decoded->simulated, statement.simulated);
  EXPECT_EQ(decoded->outcome, statement.outcome);
  EXPECT_EQ(decoded->code, statement.code);
  EXPECT_EQ(decoded->message, statement.message);
  EXPECT_EQ(decoded->token_label, statement.token_label);
  EXPECT_EQ(decoded->token_serial, statement.token_serial);
  EXPECT_EQ(decoded->token_model, statement.token_model);
  EXPECT_EQ(decoded->template_enforced, statement.template_enforced);
  EXPECT_EQ(decoded->executed_at, statement.executed_at);
  ASSERT_EQ(decoded->items.size(), statement.items.size());
  for (std::size_t at = 0; at < statement.items.size(); ++at) {
    const ItemOutcome& in = statement.items[at];
    const ItemOutcome& out = decoded->items[at];
    EXPECT_EQ(out.operation, in.operation);
    EXPECT_EQ(out.target, in.target);
    EXPECT_EQ(out.object_class, in.object_class);
    EXPECT_EQ(out.label, in.label);
    EXPECT_EQ(out.id, in.id);
    EXPECT_EQ(out.result, in.result);
    EXPECT_EQ(out.code, in.code);
    EXPECT_EQ(out.message, in.message);
    EXPECT_EQ(out.evidence.check_method, in.evidence.check_method);
    EXPECT_EQ(out.evidence.check_value, in.evidence.check_value);
    EXPECT_EQ(out.evidence.key_bits, in.evidence.key_bits);
    EXPECT_EQ(out.evidence.usage, in.evidence.usage);
    EXPECT_EQ(out.evidence.sensitive, in.evidence.sensitive);
    EXPECT_EQ(out.evidence.extractable, in.evidence.extractable);
  }
}

TEST(ReceiptCodec, TheLargestStatementFitsIntoAReceipt) {
  Statement statement = fakes::SampleStatement({});
  for (std::size_t at = 0; at < limits::kItems; ++at) {
    ItemOutcome outcome = Told().items.back();
    outcome.target = std::string(limits::kNameBytes, 't');
    outcome.label = std::string(limits::kLabelBytes, 'l');
    outcome.id = Bytes(limits::kIdBytes, 1);
    outcome.message = std::string(limits::kTextBytes, 'm');
    statement.items.push_back(std::move(outcome));
  }
  statement.outcome = Outcome::kRefused;
  statement.code = "item.exists";
  EXPECT_EQ(CodeOf(statement), std::nullopt);
  EXPECT_LT(Encode(statement).size(), limits::kReceiptBytes - 2048);
  statement.items.push_back(statement.items.back());
  EXPECT_EQ(CodeOf(statement), Code::kWireLimit);
}

struct StatementCase {
  const char* name;
  std::function<void(Statement&)> change;
  std::optional<Code> code;
};

TEST(ReceiptCodec, StatementsAreJudged) {
  const auto bad = Code::kWireMalformed;
  const StatementCase cases[] = {
      {"as it is", [](Statement&) {}, std::nullopt},
      {"no generation", [](Statement& s) { s.generation = 0; }, bad},
      {"no sequence", [](Statement& s) { s.sequence = 0; }, bad},
      {"no outcome", [](Statement& s) { s.outcome = static_cast<Outcome>(0); }, bad},
      {"outcome 5", [](Statement& s) { s.outcome = static_cast<Outcome>(5); }, bad},
      {"ok with a code", [](Statement& s) { s.outcome = Outcome::kOk; }, bad},
      {"not ok without a code", [](Statement& s) { s.code.clear(); }, bad},
      {"no time", [](Statement& s) { s.executed_at = 0; }, bad},
      {"item without result", [](Statement& s) { s.items[0].result = static_cast<ItemResult>(0); }, bad},
      {"item ok with a code", [](Statement& s) { s.items[0].code = "x"; }, bad},
      {"item refused without one", [](Statement& s) { s.items[3].code.clear(); }, bad},
      {"item without label", [](Statement& s) { s.items[0].label.clear(); }, bad},
      {"too long an id", [](Statement& s) { s.items[0].id = Bytes(33); }, Code::kWireLimit},
      {"too long a check value", [](Statement& s) { s.items[0].evidence.check_value = Bytes(33); }, Code::kWireLimit},
      {"too long a code", [](Statement& s) { s.code = std::string(limits::kTextBytes + 1, 'c'); }, Code::kWireLimit},
  };
  for (const StatementCase& one : cases) {
    Statement statement = Told();
    one.change(statement);
    EXPECT_EQ(CodeOf(statement), one.code) << one.name;
  }
}

TEST(ReceiptCodec, EvidenceStandsWhereItBelongs) {
  const Bytes good = Encode(Told());
  proto::Statement raw;
  ASSERT_TRUE(raw.ParseFromArray(good.data(), static_cast<int>(good.size())));
  EXPECT_TRUE(raw.items(0).has_evidence());
  EXPECT_FALSE(raw.items(1).has_evidence());
  EXPECT_TRUE(raw.items(2).has_evidence());
  EXPECT_FALSE(raw.items(3).has_evidence());
  proto::Statement lacking = raw;
  lacking.mutable_items(0)->clear_evidence();
  EXPECT_EQ(DecodeStatement(Serialize(lacking)).error().code(), Code::kWireMalformed);
  for (const int at : {1, 3}) {
    proto::Statement too_much = raw;
    too_much.mutable_items(at)->mutable_evidence();
    EXPECT_EQ(DecodeStatement(Serialize(too_much)).error().code(), Code::kWireMalformed);
  }
}

ReceiptBody Attested() {
  ReceiptBody body = fakes::SampleReceipt();
  body.attested_by = AttestedBy::kWorker;
  body.statement = Bytes(200, 1);
  body.statement_signature = Bytes(64, 2);
  return body;
}

TEST(ReceiptCodec, ReceiptsRoundTrip) {
  ReceiptBody refused = fakes::SampleReceipt();
  refused.outcome = Outcome::kRefused;
  refused.code = "time.expired";
  refused.message = "too late";
  for (const ReceiptBody& body : {Attested(), refused}) {
    const auto decoded = DecodeReceipt(Encode(body));
    ASSERT_TRUE(decoded) << decoded.error().OneLine();
    EXPECT_EQ(Encode(*decoded), Encode(body));
    EXPECT_EQ(decoded->agent, body.agent);
    EXPECT_EQ(decoded->domain, body.domain);
    EXPECT_EQ(decoded->signer, body.signer);
    EXPECT_EQ(decoded->sequence, body.sequence);
    EXPECT_EQ(decoded->envelope_sha256, body.envelope_sha256);
    EXPECT_EQ(decoded->attested_by, body.attested_by);
    EXPECT_EQ(decoded->outcome, body.outcome);
    EXPECT_EQ(decoded->code, body.code);
    EXPECT_EQ(decoded->message, body.message);
    EXPECT_EQ(decoded->statement, body.statement);
    EXPECT_EQ(decoded->statement_signature, body.statement_signature);
    EXPECT_EQ(decoded->separation, body.separation);
    EXPECT_EQ(decoded->received_at, body.received_at);
    EXPECT_EQ(decoded->concluded_at, body.concluded_at);
    EXPECT_EQ(decoded->audit_count, body.audit_count);
    EXPECT_EQ(decoded->audit_head, body.audit_head);
  }
}

struct ReceiptCase {
  const char* name;
  std::function<void(ReceiptBody&)> change;
  std::optional<Code> code;
};

TEST(ReceiptCodec, ReceiptsAreJudged) {
  const auto bad = Code::kWireMalformed;
  const ReceiptCase cases[] = {
      {"as it is", [](ReceiptBody&) {}, std::nullopt},
      {"no sequence", [](ReceiptBody& r) { r.sequence = 0; }, bad},
      {"no attestation", [](ReceiptBody& r) { r.attested_by = static_cast<AttestedBy>(0); }, bad},
      {"attestation 3", [](ReceiptBody& r) { r.attested_by = static_cast<AttestedBy>(3); }, bad},
      {"the agent's, with a statement", [](ReceiptBody& r) { r.attested_by = AttestedBy::kAgent; }, bad},
      {"no statement", [](ReceiptBody& r) { r.statement.clear(); }, bad},
      {"no signature", [](ReceiptBody& r) { r.statement_signature.clear(); }, bad},
      {"signature of 63 octets", [](ReceiptBody& r) { r.statement_signature.pop_back(); }, bad},
      {"signature of 65 octets", [](ReceiptBody& r) { r.statement_signature.push_back(0); }, bad},
      {"no separation", [](ReceiptBody& r) { r.separation = static_cast<Separation>(0); }, bad},
      {"ok with a code", [](ReceiptBody& r) { r.code = "x"; }, bad},
      {"refused without one", [](ReceiptBody& r) { r.outcome = Outcome::kRefused; }, bad},
      {"no received_at", [](ReceiptBody& r) { r.received_at = 0; }, bad},
      {"no concluded_at", [](ReceiptBody& r) { r.concluded_at = 0; }, bad},
      {"too large", [](ReceiptBody& r) { r.statement = Bytes(limits::kReceiptBytes); }, Code::kWireTooLarge},
  };
  for (const ReceiptCase& one : cases) {
    ReceiptBody body = Attested();
    one.change(body);
    EXPECT_EQ(CodeOf(body), one.code) << one.name;
  }
}

TEST(ReceiptCodec, VersionsAreChecked) {
  EXPECT_EQ(DecodeReceipt({}).error().code(), Code::kWireVersion);
  EXPECT_EQ(DecodeStatement({}).error().code(), Code::kWireVersion);
  proto::Receipt receipt;
  receipt.set_version(2);
  EXPECT_EQ(DecodeReceipt(Serialize(receipt)).error().code(), Code::kWireVersion);
}

}  // namespace
}  // namespace keyferry::wire
