// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/crypto.h"
#include "protocol/wire/bundle.h"
#include "protocol/wire/envelope.h"

namespace keyferry::seal {

// Seal-in at the KMS: HMAC-SHA-256 inside its HSM.
class SealSigner {
 public:
  virtual ~SealSigner() = default;
  virtual Result<wire::Seal> Sign(ByteView data) = 0;
};

// Seal-in at the target: HMAC-SHA-256 verified inside the token. Code::kSealWrong for a wrong seal; hsm.* where the
// token could not tell.
class SealVerifier {
 public:
  virtual ~SealVerifier() = default;
  virtual Status Verify(ByteView data, ByteView seal) = 0;
};

// Makes the sealed bundle (or confirmation) that crosses the wire:
//   seal      = HMAC(seal-in, "keyferry/1 seal" ‖ SHA-256(header ‖ body))
//   signature = Ed25519("keyferry/1 bundle" ‖ header ‖ seal ‖ body), or "keyferry/1 confirmation"
// Code::kWireTooLarge, kWireLimit where the body exceeds limits.h.
Result<Bytes> SealBundle(const wire::BundleBody& body, const Ed25519KeyPair& signer, SealSigner& seal_in);
Result<Bytes> SealConfirmation(const wire::ConfirmationBody& body, const Ed25519KeyPair& signer, SealSigner& seal_in);

}  // namespace keyferry::seal
