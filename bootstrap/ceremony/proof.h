// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "bootstrap/ceremony/root_keys.h"
#include "bootstrap/record/enrolment.h"

// Proof of possession: the KMS makes a throw-away key per KEK, wraps it under the KEK's twin, and learns from what it
// makes of the challenge that the target unwrapped it. A KEK cannot MAC: it may unwrap, and nothing else.
namespace keyferry::ceremony {

// At the target: unwraps the proof key through the final root key into a session object, and makes of the challenge
// aes: AES-CMAC; mac: HMAC-SHA-256 (over its 32 octets); private: an ECDSA P-256 signature (with it as digest).
Result<Bytes> Prove(const Workbench& bench, CK_OBJECT_HANDLE kek, const Blob& blob, WrapMethod method,
                    const Digest& challenge);

// At the KMS: a proof key in its HSM, for as long as the answer is being made. Destroyed with the object.
class ProofKey {
 public:
  static Result<ProofKey> Make(const Workbench& bench, record::RootKey key);

  // Wrapped under the twin of the KEK.
  Result<Blob> Wrap(CK_OBJECT_HANDLE twin, WrapMethod method);
  CK_OBJECT_HANDLE object() const { return object_.get(); }
  // What CheckProofValue compares with.
  Result<record::ExpectedProof> Expect(const Digest& challenge);

 private:
  ProofKey(const Workbench& bench, record::RootKey key, CK_OBJECT_HANDLE object)
      : bench_(bench), key_(key), object_(*bench.session, object) {}

  Workbench bench_;
  record::RootKey key_;
  cryptoki::ScopedObject object_;
  Bytes public_key_;
};

// Code::kProofWrong.
Status CheckProofValue(const record::ExpectedProof& expected, const ProofValue& value, const Digest& challenge);

}  // namespace keyferry::ceremony
