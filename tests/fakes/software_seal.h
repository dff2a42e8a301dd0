// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/seal/bundle_sealer.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/seal/receipt.h"

namespace keyferry::fakes {

// Seal-in without a token: real HMAC-SHA-256 under a key that everybody may know.
class SoftwareSeal final : public seal::SealSigner, public seal::SealVerifier {
 public:
  explicit SoftwareSeal(Bytes key) : key_(std::move(key)) {}
  Result<wire::Seal> Sign(ByteView data) override;
  Status Verify(ByteView data, ByteView seal) override;

 private:
  Bytes key_;
};

// The receipt key without a token: real ECDSA on P-256 under a key that everybody may know.
class SoftwareReceiptKey final : public seal::StatementSigner {
 public:
  Result<Bytes> SignDigest(const Digest& digest) override;
  static Bytes PublicKey();  // DER SubjectPublicKeyInfo
};

Bytes HmacSha256(ByteView key, ByteView data);
// The signer, or agent, whose seed is 32 times `octet`.
Ed25519KeyPair KeyPairOf(std::uint8_t octet);
seal::PinnedSigner Pinned(const Ed25519KeyPair& signer, std::string name);

}  // namespace keyferry::fakes
