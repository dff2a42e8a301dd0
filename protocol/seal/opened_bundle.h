// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string>

#include "protocol/base/crypto.h"
#include "protocol/seal/bundle_sealer.h"
#include "protocol/wire/bundle.h"

namespace keyferry::seal {

// A KMS signer as the ceremony pinned it.
struct PinnedSigner {
  Id16 id{};
  std::string name;
  Ed25519PublicKey key{};
};

// A bundle whose signature was verified over the received octets before any of its body was parsed. Made by Open alone.
class OpenedBundle {
 public:
  // Code::kWire…, kSignerUnknown, kSignatureWrong. Says nothing about agent, domain, sequence, dates or the seal.
  static Result<OpenedBundle> Open(Bytes envelope, std::span<const PinnedSigner> signers);

  const wire::BundleBody& body() const { return body_; }
  const PinnedSigner& signer() const { return signer_; }
  const Bytes& envelope() const { return envelope_; }
  const Digest& digest() const { return digest_; }  // SHA-256 of the envelope

 private:
  OpenedBundle() = default;
  Bytes envelope_;
  Digest digest_{};
  PinnedSigner signer_;
  wire::BundleBody body_;
};

// An opened bundle whose seal was verified in the token: it comes from a holder of the Root KEK's twin. What the worker
// executes; made by Verify alone.
class SealedBundle {
 public:
  // Code::kSealWrong; hsm.* where the token could not tell.
  static Result<SealedBundle> Verify(OpenedBundle bundle, SealVerifier& seal_in);

  const OpenedBundle& opened() const { return opened_; }
  const wire::BundleBody& body() const { return opened_.body(); }

 private:
  explicit SealedBundle(OpenedBundle opened) : opened_(std::move(opened)) {}
  OpenedBundle opened_;
};

// Signature first, then the seal in the token, then the body. Code::kSignerUnknown, kSignatureWrong, kSealWrong.
Result<wire::ConfirmationBody> OpenConfirmation(ByteView envelope, const PinnedSigner& signer, SealVerifier& seal_in);

}  // namespace keyferry::seal
