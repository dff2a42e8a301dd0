// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <optional>

#include "protocol/base/crypto.h"
#include "protocol/base/json.h"
#include "protocol/wire/bundle.h"

namespace keyferry::seal {

// ECDSA on P-256 inside the token, by the receipt key.
class StatementSigner {
 public:
  virtual ~StatementSigner() = default;
  // r ‖ s, 64 octets, over a SHA-256 digest.
  virtual Result<Bytes> SignDigest(const Digest& digest) = 0;
};

struct SignedStatement {
  Bytes octets;     // encoded wire::Statement
  Bytes signature;  // over SHA-256("keyferry/1 statement" ‖ octets)
};

Result<SignedStatement> SignStatement(const wire::Statement& statement, StatementSigner& signer);
// `receipt_key`: DER SubjectPublicKeyInfo. Code::kStatementWrong.
Result<wire::Statement> VerifyStatement(const SignedStatement& statement, ByteView receipt_key);

// Ed25519("keyferry/1 receipt" ‖ header ‖ body) in an envelope of kind receipt.
Bytes SignReceipt(const wire::ReceiptBody& body, const Ed25519KeyPair& agent);

struct VerifiedReceipt {
  wire::ReceiptBody body;
  std::optional<wire::Statement> statement;  // there where attested by the worker
};

// Verifies offline: the agent's signature, the worker's inside, and that both speak of the same bundle.
// Code::kReceiptWrong, kStatementWrong.
Result<VerifiedReceipt> VerifyReceipt(ByteView receipt, const Ed25519PublicKey& agent, ByteView receipt_key);

// For --json and for people who read one.
Json ToJson(const VerifiedReceipt& receipt);

}  // namespace keyferry::seal
