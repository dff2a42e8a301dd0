// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <string_view>

#include "protocol/base/clock.h"
#include "protocol/base/item.h"
#include "protocol/seal/receipt.h"

namespace keyferry::seal {
namespace {

void SetWords(Json& json, const std::string& code, const std::string& message) {
  if (!code.empty()) json.Set("code", code);
  if (!message.empty()) json.Set("message", message);
}

Json EvidenceJson(const wire::Evidence& evidence) {
  Json json = Json::EmptyObject();
  json.Set("check_method", Name(evidence.check_method))
      .Set("check_value", HexEncode(evidence.check_value))
      .Set("key_bits", evidence.key_bits)
      .Set("usage", UsageNames(evidence.usage))
      .Set("sensitive", evidence.sensitive)
      .Set("extractable", evidence.extractable);
  return json;
}

Json ItemJson(const wire::ItemOutcome& item) {
  Json json = Json::EmptyObject();
  json.Set("operation", Name(item.operation))
      .Set("target", item.target)
      .Set("class", Name(item.object_class))
      .Set("label", item.label)
      .Set("id", HexEncode(item.id))
      .Set("result", Name(item.result));
  SetWords(json, item.code, item.message);
  if (item.result == wire::ItemResult::kOk && item.operation != Operation::kDelete) {
    json.Set("evidence", EvidenceJson(item.evidence));
  }
  return json;
}

Json StatementJson(const wire::Statement& statement) {
  Json token = Json::EmptyObject();
  token.Set("label", statement.token_label).Set("serial", statement.token_serial).Set("model", statement.token_model);
  Json items = Json::EmptyArray();
  for (const wire::ItemOutcome& item : statement.items) items.Add(ItemJson(item));
  Json json = Json::EmptyObject();
  json.Set("generation", statement.generation)
      .Set("simulated", statement.simulated)
      .Set("outcome", Name(statement.outcome));
  SetWords(json, statement.code, statement.message);
  json.Set("items", std::move(items))
      .Set("token", std::move(token))
      .Set("template_enforced", statement.template_enforced)
      .Set("executed_at", FormatTime(statement.executed_at));
  return json;
}

}  // namespace

Json ToJson(const VerifiedReceipt& receipt) {
  const wire::ReceiptBody& body = receipt.body;
  Json json = Json::EmptyObject();
  json.Set("agent", HexEncode(body.agent))
      .Set("domain", HexEncode(body.domain))
      .Set("signer", HexEncode(body.signer))
      .Set("sequence", body.sequence)
      .Set("envelope_sha256", HexEncode(body.envelope_sha256))
      .Set("attested_by", body.attested_by == wire::AttestedBy::kWorker ? "worker" : "agent")
      .Set("outcome", Name(body.outcome));
  SetWords(json, body.code, body.message);
  json.Set("separation", body.separation == wire::Separation::kUsers ? "users" : "none")
      .Set("received_at", FormatTime(body.received_at))
      .Set("concluded_at", FormatTime(body.concluded_at))
      .Set("audit_count", body.audit_count)
      .Set("audit_head", HexEncode(body.audit_head));
  if (receipt.statement) json.Set("statement", StatementJson(*receipt.statement));
  return json;
}

}  // namespace keyferry::seal
