// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include "protocol/seal/receipt.h"
#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

// ECDSA is randomised: made once over the statement below. Where that changes, make_vectors prints a new one.
constexpr std::string_view kStatementSignature =
    "b060372c915e771db0abed46372c3a2baad1a401df10ea95f86eae11bcf91022"
    "f8ce7d00903ac26f94e2e9d711e03ef08d624da72bf7aa68237c7d5d22a676ec";

wire::Statement StatementOf() {
  const std::vector<Item> items = InstalledItems();
  wire::Statement statement =
      fakes::SampleStatement({items[0], items[2], fakes::SampleChange(Operation::kDelete, "prüfsumme", 2)});
  statement.agent = IdOfKey(Agent().public_key());
  statement.signer = IdOfKey(Signer().public_key());
  wire::ItemOutcome& refused = statement.items[1];
  refused.result = wire::ItemResult::kRefused;
  refused.id = {};
  refused.code = "item.policy";
  refused.message = "signer 'first' may not install keys of type ec";
  refused.evidence = {};
  statement.outcome = wire::Outcome::kPartial;
  statement.code = "partial";
  statement.message = "2 of 3 items are as asked";
  return statement;
}

Bytes SignatureOf(const wire::Statement& statement) {
  const Bytes octets = wire::Encode(statement);
  Bytes signature = HexDecode(kStatementSignature).value_or(Bytes());
  const Bytes key = fakes::SoftwareReceiptKey::PublicKey();
  if (EcdsaP256Verify(key, seal::StatementDigest(octets), signature)) return signature;
  fakes::SoftwareReceiptKey receipt_key;
  signature = seal::SignStatement(statement, receipt_key)->signature;
  std::fprintf(stderr, "receipt_vectors.cc wants kStatementSignature = \"%s\"\n", HexEncode(signature).c_str());
  return signature;
}

wire::ReceiptBody Heading() {
  wire::ReceiptBody body = fakes::SampleReceipt();
  body.agent = IdOfKey(Agent().public_key());
  body.signer = IdOfKey(Signer().public_key());
  return body;
}

wire::ReceiptBody WorkersReceipt() {
  const wire::Statement statement = StatementOf();
  wire::ReceiptBody body = Heading();
  body.attested_by = wire::AttestedBy::kWorker;
  body.outcome = statement.outcome;
  body.code = statement.code;
  body.message = statement.message;
  body.statement = wire::Encode(statement);
  body.statement_signature = SignatureOf(statement);
  return body;
}

wire::ReceiptBody AgentsReceipt() {
  wire::ReceiptBody body = Heading();
  body.sequence = 8;
  body.outcome = wire::Outcome::kExpired;
  body.code = "time.expired";
  body.message = "install_before passed while the worker could not be reached";
  body.separation = wire::Separation::kNone;
  return body;
}

Json Case(const char* name, const wire::ReceiptBody& body) {
  const Bytes receipt = seal::SignReceipt(body, Agent());
  const auto view = wire::Split(receipt, wire::Kind::kReceipt).value();
  const Bytes key = fakes::SoftwareReceiptKey::PublicKey();
  Json json = Json::EmptyObject();
  json.Set("name", name);
  if (!body.statement.empty()) {
    json.Set("statement", HexEncode(body.statement));
    json.Set("statement_digest", HexEncode(seal::StatementDigest(body.statement)));
    json.Set("statement_signature", HexEncode(body.statement_signature));
  }
  json.Set("body", HexEncode(view.body)).Set("header", HexEncode(view.header));
  json.Set("signature", HexEncode(view.signature)).Set("receipt", HexEncode(receipt));
  const auto verified = seal::VerifyReceipt(receipt, Agent().public_key(), key);
  return json.Set("means", verified ? seal::ToJson(*verified) : Json(verified.error().OneLine()));
}

}  // namespace

Json ReceiptVectors() {
  Json cases = Json::EmptyArray();
  cases.Add(Case("attested by the worker", WorkersReceipt()));
  cases.Add(Case("attested by the agent alone", AgentsReceipt()));
  Json json = Json::EmptyObject();
  json.Set("about",
           "Receipts and the statement inside: PROTOCOL.md, Receipts and statements. `means` is what keyferry-kms "
           "prints with --json. The statement's signature is one of many valid ones: verify it.");
  json.Set("agent_seed", HexEncode(Bytes(32, 9))).Set("agent_public_key", HexEncode(Agent().public_key()));
  json.Set("receipt_key", HexEncode(fakes::SoftwareReceiptKey::PublicKey()));
  return json.Set("cases", std::move(cases));
}

}  // namespace keyferry::golden
