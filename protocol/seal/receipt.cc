// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/receipt.h"

#include <string>
#include <utility>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"

namespace keyferry::seal {
namespace {

std::unexpected<Error> ReceiptWrong(const std::string& why) {
  return std::unexpected(Error::Make(Code::kReceiptWrong, "receipt: " + why));
}

std::unexpected<Error> StatementWrong(const std::string& why) {
  return std::unexpected(Error::Make(Code::kStatementWrong, "statement: " + why));
}

bool SameBundle(const wire::ReceiptBody& receipt, const wire::Statement& statement) {
  return receipt.agent == statement.agent && receipt.domain == statement.domain && receipt.signer == statement.signer &&
         receipt.sequence == statement.sequence && receipt.envelope_sha256 == statement.envelope_sha256;
}

Result<wire::ReceiptBody> OpenReceipt(ByteView receipt, const Ed25519PublicKey& agent) {
  const auto view = wire::Split(receipt, wire::Kind::kReceipt);
  if (!view) return ReceiptWrong(view.error().OneLine());
  if (view->signer != IdOfKey(agent)) return ReceiptWrong("it names " + HexEncode(view->signer) + " as its agent");
  if (!SignatureHolds(*view, agent)) return ReceiptWrong("the agent's signature does not verify");
  auto body = wire::DecodeReceipt(view->body);
  if (!body) return ReceiptWrong(body.error().OneLine());
  if (body->agent != view->signer) return ReceiptWrong("it is signed by another agent than it names");
  return std::move(*body);
}

}  // namespace

Result<SignedStatement> SignStatement(const wire::Statement& statement, StatementSigner& signer) {
  SignedStatement made;
  made.octets = wire::Encode(statement);
  KF_TRY(made.signature, signer.SignDigest(StatementDigest(made.octets)));
  return made;
}

Result<wire::Statement> VerifyStatement(const SignedStatement& statement, ByteView receipt_key) {
  if (!EcdsaP256Verify(receipt_key, StatementDigest(statement.octets), statement.signature)) {
    return StatementWrong("the receipt key's signature does not verify");
  }
  auto decoded = wire::DecodeStatement(statement.octets);
  if (!decoded) return StatementWrong(decoded.error().OneLine());
  return std::move(*decoded);
}

Bytes SignReceipt(const wire::ReceiptBody& body, const Ed25519KeyPair& agent) {
  const Bytes octets = wire::Encode(body);
  const wire::Header header =
      wire::MakeHeader(wire::Kind::kReceipt, IdOfKey(agent.public_key()), static_cast<std::uint32_t>(octets.size()));
  const Ed25519Signature signature = agent.Sign({SignatureLabel(wire::Kind::kReceipt), header, octets});
  return wire::Join(header, {}, signature, octets);
}

Result<VerifiedReceipt> VerifyReceipt(ByteView receipt, const Ed25519PublicKey& agent, ByteView receipt_key) {
  VerifiedReceipt verified;
  KF_TRY(verified.body, OpenReceipt(receipt, agent));
  if (verified.body.attested_by == wire::AttestedBy::kAgent) return verified;
  const SignedStatement inside{.octets = verified.body.statement, .signature = verified.body.statement_signature};
  KF_TRY(verified.statement, VerifyStatement(inside, receipt_key));
  if (!SameBundle(verified.body, *verified.statement))
    return StatementWrong("it speaks of another bundle than its receipt");
  if (verified.body.outcome != verified.statement->outcome || verified.body.code != verified.statement->code) {
    return StatementWrong("it speaks of another outcome than its receipt");
  }
  return verified;
}

}  // namespace keyferry::seal
