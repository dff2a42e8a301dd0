// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/corridor.h"

#include <utility>

namespace keyferry::daemon {

Conclusion::Conclusion(const Admission& admission) : row_(admission.row()) {
  body_.domain = admission.domain();
  body_.signer = admission.signer();
  body_.sequence = admission.sequence();
  body_.envelope_sha256 = admission.digest();
  body_.received_at = admission.received_at();
}

Result<Conclusion> Conclusion::ByWorker(const Admission& admission, seal::SignedStatement statement,
                                        ByteView receipt_key, const Id16& agent) {
  KF_TRY(const wire::Statement said, seal::VerifyStatement(statement, receipt_key));
  if (said.agent != agent || said.domain != admission.domain() || said.signer != admission.signer() ||
      said.sequence != admission.sequence() || said.envelope_sha256 != admission.digest()) {
    return std::unexpected(Error::Make(Code::kStatementWrong, "the worker's statement speaks of another bundle"));
  }
  Conclusion conclusion(admission);
  conclusion.body_.attested_by = wire::AttestedBy::kWorker;
  conclusion.body_.outcome = said.outcome;
  conclusion.body_.code = said.code;
  conclusion.body_.message = said.message;
  conclusion.body_.statement = std::move(statement.octets);
  conclusion.body_.statement_signature = std::move(statement.signature);
  return conclusion;
}

Conclusion Conclusion::ByAgent(const Admission& admission, wire::Outcome outcome, std::string code,
                               std::string message) {
  Conclusion conclusion(admission);
  conclusion.body_.attested_by = wire::AttestedBy::kAgent;
  conclusion.body_.outcome = outcome;
  conclusion.body_.code = std::move(code);
  conclusion.body_.message = std::move(message);
  return conclusion;
}

}  // namespace keyferry::daemon
