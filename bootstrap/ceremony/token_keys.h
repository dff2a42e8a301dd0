// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "bootstrap/ceremony/root_keys.h"
#include "bootstrap/record/record.h"
#include "protocol/seal/bundle_sealer.h"

// The keys of a ceremony that are born in the target token, and what they do there.
namespace keyferry::ceremony {

struct BornKey {
  Bytes id;          // CKA_ID
  Bytes public_key;  // DER SubjectPublicKeyInfo
};

// EC P-256, sign only, never to be extracted, CKA_ID random. The public half does not stay in the token.
Result<BornKey> MakeReceiptKey(const Workbench& bench);

// RSA, unwrap only (by RSA-OAEP alone where the token knows ALLOWED_MECHANISMS), never to be extracted, with an unwrap
// template of its own where the token enforces one. 4096 bits where `bits` is 0, 3072 where the token has no more.
Result<BornKey> MakeTransportKey(const Workbench& bench, const Id16& domain, std::uint32_t generation);
// nullopt where it is gone.
Result<std::optional<CK_OBJECT_HANDLE>> FindTransportKey(const cryptoki::Session& session, const Id16& domain,
                                                         std::uint32_t generation);
Status DestroyTransportKey(cryptoki::Session& session, const Id16& domain, std::uint32_t generation);

// The private key of that id. Code::kObjectMissing.
Result<CK_OBJECT_HANDLE> FindReceiptKey(const cryptoki::Session& session, ByteView id);

// A document signed by the receipt key in the token: the three lines.
Result<std::string> SignByReceiptKey(cryptoki::Session& session, ByteView receipt_key_id, std::string_view kind,
                                     std::string json);

// Seal-in in the token, for the confirmation.
class TokenSealVerifier final : public seal::SealVerifier {
 public:
  TokenSealVerifier(cryptoki::Session& session, CK_OBJECT_HANDLE seal_in) : session_(&session), seal_in_(seal_in) {}
  Status Verify(ByteView data, ByteView seal) override;

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE seal_in_;
};

}  // namespace keyferry::ceremony
