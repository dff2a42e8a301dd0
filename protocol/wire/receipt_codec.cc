// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/proto_fields.h"
#include "protocol/wire/receipt.pb.h"
#include "protocol/wire/receipt_rules.h"
#include "protocol/wire/strict.h"

namespace keyferry::wire {
namespace {

void Fill(proto::ItemOutcome& out, const ItemOutcome& item) {
  out.set_operation(static_cast<proto::Operation>(item.operation));
  out.set_target(item.target);
  out.set_object_class(static_cast<proto::ObjectClass>(item.object_class));
  out.set_label(item.label);
  out.set_id(ToOctets(item.id));
  out.set_result(static_cast<proto::ItemResult>(item.result));
  out.set_code(item.code);
  out.set_message(Fitting(item.message, limits::kTextBytes));
  if (!HasEvidence(item)) return;
  proto::Evidence& evidence = *out.mutable_evidence();
  evidence.set_check_method(static_cast<proto::CheckMethod>(item.evidence.check_method));
  evidence.set_check_value(ToOctets(item.evidence.check_value));
  evidence.set_key_bits(item.evidence.key_bits);
  evidence.set_usage(item.evidence.usage);
  evidence.set_sensitive(item.evidence.sensitive);
  evidence.set_extractable(item.evidence.extractable);
}

Result<ItemOutcome> Take(const proto::ItemOutcome& in) {
  ItemOutcome item;
  item.operation = static_cast<Operation>(in.operation());
  item.target = in.target();
  item.object_class = static_cast<ObjectClass>(in.object_class());
  item.label = in.label();
  item.id = ToBytes(in.id());
  item.result = static_cast<ItemResult>(in.result());
  item.code = in.code();
  item.message = in.message();
  if (in.has_evidence() != HasEvidence(item)) return Malformed("evidence is missing, or not for this result");
  item.evidence = {.check_method = static_cast<CheckMethod>(in.evidence().check_method()),
                   .check_value = ToBytes(in.evidence().check_value()),
                   .key_bits = in.evidence().key_bits(),
                   .usage = in.evidence().usage(),
                   .sensitive = in.evidence().sensitive(),
                   .extractable = in.evidence().extractable()};
  return item;
}

Status TakeItems(const proto::Statement& in, std::vector<ItemOutcome>& items) {
  items.reserve(static_cast<std::size_t>(in.items_size()));
  for (const proto::ItemOutcome& one : in.items()) {
    KF_TRY_WITH(ItemOutcome item, Take(one), "Statement: item " + std::to_string(items.size()));
    items.push_back(std::move(item));
  }
  return {};
}

Status CheckBytes(ByteView octets) {
  if (octets.size() <= limits::kReceiptBytes) return {};
  return std::unexpected(
      Error::Make(Code::kWireTooLarge, "a receipt or statement of " + std::to_string(octets.size()) + " octets"));
}

}  // namespace

Bytes Encode(const Statement& statement) {
  proto::Statement out;
  out.set_version(kBodyVersion);
  out.set_agent(ToOctets(statement.agent));
  out.set_domain(ToOctets(statement.domain));
  out.set_generation(statement.generation);
  out.set_signer(ToOctets(statement.signer));
  out.set_sequence(statement.sequence);
  out.set_envelope_sha256(ToOctets(statement.envelope_sha256));
  out.set_simulated(statement.simulated);
  out.set_outcome(static_cast<proto::Outcome>(statement.outcome));
  out.set_code(statement.code);
  out.set_message(Fitting(statement.message, limits::kTextBytes));
  for (const ItemOutcome& item : statement.items) Fill(*out.add_items(), item);
  out.set_token_label(Fitting(statement.token_label, limits::kNameBytes));
  out.set_token_serial(Fitting(statement.token_serial, limits::kNameBytes));
  out.set_token_model(Fitting(statement.token_model, limits::kNameBytes));
  out.set_template_enforced(statement.template_enforced);
  out.set_executed_at(statement.executed_at);
  return Serialize(out);
}

Result<Statement> DecodeStatement(ByteView octets) {
  KF_CHECK(CheckBytes(octets));
  proto::Statement in;
  KF_CHECK(ParseStrictly(octets, in, limits::kItems));
  KF_CHECK(CheckVersion(in.version(), "Statement"));
  Statement statement;
  KF_CHECK(TakeExactly(in.agent(), "agent", statement.agent));
  KF_CHECK(TakeExactly(in.domain(), "domain", statement.domain));
  statement.generation = in.generation();
  KF_CHECK(TakeExactly(in.signer(), "signer", statement.signer));
  statement.sequence = in.sequence();
  KF_CHECK(TakeExactly(in.envelope_sha256(), "envelope_sha256", statement.envelope_sha256));
  statement.simulated = in.simulated();
  statement.outcome = static_cast<Outcome>(in.outcome());
  statement.code = in.code();
  statement.message = in.message();
  KF_CHECK(TakeItems(in, statement.items));
  statement.token_label = in.token_label();
  statement.token_serial = in.token_serial();
  statement.token_model = in.token_model();
  statement.template_enforced = in.template_enforced();
  statement.executed_at = in.executed_at();
  KF_CHECK_WITH(CheckStatement(statement), "Statement");
  return statement;
}

Bytes Encode(const ReceiptBody& body) {
  proto::Receipt out;
  out.set_version(kBodyVersion);
  out.set_agent(ToOctets(body.agent));
  out.set_domain(ToOctets(body.domain));
  out.set_signer(ToOctets(body.signer));
  out.set_sequence(body.sequence);
  out.set_envelope_sha256(ToOctets(body.envelope_sha256));
  out.set_attested_by(static_cast<proto::AttestedBy>(body.attested_by));
  out.set_outcome(static_cast<proto::Outcome>(body.outcome));
  out.set_code(body.code);
  out.set_message(Fitting(body.message, limits::kTextBytes));
  out.set_statement(ToOctets(body.statement));
  out.set_statement_signature(ToOctets(body.statement_signature));
  out.set_separation(static_cast<proto::Separation>(body.separation));
  out.set_received_at(body.received_at);
  out.set_concluded_at(body.concluded_at);
  out.set_audit_count(body.audit_count);
  out.set_audit_head(ToOctets(body.audit_head));
  return Serialize(out);
}

Result<ReceiptBody> DecodeReceipt(ByteView octets) {
  KF_CHECK(CheckBytes(octets));
  proto::Receipt in;
  KF_CHECK(ParseStrictly(octets, in, 0));
  KF_CHECK(CheckVersion(in.version(), "Receipt"));
  ReceiptBody body;
  KF_CHECK(TakeExactly(in.agent(), "agent", body.agent));
  KF_CHECK(TakeExactly(in.domain(), "domain", body.domain));
  KF_CHECK(TakeExactly(in.signer(), "signer", body.signer));
  body.sequence = in.sequence();
  KF_CHECK(TakeExactly(in.envelope_sha256(), "envelope_sha256", body.envelope_sha256));
  body.attested_by = static_cast<AttestedBy>(in.attested_by());
  body.outcome = static_cast<Outcome>(in.outcome());
  body.code = in.code();
  body.message = in.message();
  body.statement = ToBytes(in.statement());
  body.statement_signature = ToBytes(in.statement_signature());
  body.separation = static_cast<Separation>(in.separation());
  body.received_at = in.received_at();
  body.concluded_at = in.concluded_at();
  body.audit_count = in.audit_count();
  KF_CHECK(TakeExactly(in.audit_head(), "audit_head", body.audit_head));
  KF_CHECK_WITH(CheckReceipt(body), "Receipt");
  return body;
}

}  // namespace keyferry::wire
