// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/receipt_rules.h"

#include <string>

#include "protocol/wire/item_rules.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/proto_fields.h"

namespace keyferry::wire {
namespace {

constexpr std::size_t kStatementSignatureBytes = 64;

template <typename Enumeration>
bool IsSet(Enumeration value) {
  return static_cast<int>(value) != 0;
}

Status CheckWords(const std::string& code, const std::string& message, bool ok) {
  KF_CHECK(CheckSize(code.size(), limits::kTextBytes, "code"));
  KF_CHECK(CheckSize(message.size(), limits::kTextBytes, "message"));
  if (ok == code.empty()) return {};
  return Malformed(ok ? "code is there, but all is well" : "code is missing");
}

Status CheckOutcome(const ItemOutcome& item) {
  if (!IsSet(item.operation) || !IsSet(item.object_class) || !IsSet(item.result)) {
    return Malformed("operation, object_class or result is missing");
  }
  KF_CHECK(CheckText(item.target, limits::kNameBytes, "target"));
  KF_CHECK(CheckText(item.label, limits::kLabelBytes, "label"));
  KF_CHECK(CheckSize(item.id.size(), limits::kIdBytes, "id"));
  KF_CHECK(CheckSize(item.evidence.check_value.size(), limits::kCheckValueBytes, "check_value"));
  return CheckWords(item.code, item.message, item.result == ItemResult::kOk);
}

Status CheckBundleNumber(std::uint64_t sequence) {
  return sequence >= 1 && sequence <= limits::kLastSequence ? Status() : Malformed("sequence is out of range");
}

}  // namespace

bool HasEvidence(const ItemOutcome& item) {
  return item.result == ItemResult::kOk && item.operation != Operation::kDelete;
}

Status CheckStatement(const Statement& statement) {
  if (statement.generation == 0) return Malformed("generation is missing");
  KF_CHECK(CheckBundleNumber(statement.sequence));
  if (!IsSet(statement.outcome)) return Malformed("outcome is missing");
  KF_CHECK(CheckWords(statement.code, statement.message, statement.outcome == Outcome::kOk));
  for (std::size_t at = 0; at < statement.items.size(); ++at) {
    KF_CHECK_WITH(CheckOutcome(statement.items[at]), "item " + std::to_string(at));
  }
  KF_CHECK(CheckSize(statement.token_label.size(), limits::kNameBytes, "token_label"));
  KF_CHECK(CheckSize(statement.token_serial.size(), limits::kNameBytes, "token_serial"));
  KF_CHECK(CheckSize(statement.token_model.size(), limits::kNameBytes, "token_model"));
  return CheckTime(statement.executed_at, false, "executed_at");
}

Status CheckReceipt(const ReceiptBody& body) {
  KF_CHECK(CheckBundleNumber(body.sequence));
  if (!IsSet(body.attested_by) || !IsSet(body.outcome) || !IsSet(body.separation)) {
    return Malformed("attested_by, outcome or separation is missing");
  }
  KF_CHECK(CheckWords(body.code, body.message, body.outcome == Outcome::kOk));
  const bool worker = body.attested_by == AttestedBy::kWorker;
  if (worker == body.statement.empty()) return Malformed("statement is missing, or not for this attestation");
  if (body.statement_signature.size() != (worker ? kStatementSignatureBytes : 0)) {
    return Malformed("statement_signature has another size");
  }
  KF_CHECK(CheckTime(body.received_at, false, "received_at"));
  return CheckTime(body.concluded_at, false, "concluded_at");
}

}  // namespace keyferry::wire
