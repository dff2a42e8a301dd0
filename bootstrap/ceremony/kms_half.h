// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "bootstrap/ceremony/agent_half.h"
#include "bootstrap/ceremony/root_keys.h"
#include "bootstrap/record/enrolment.h"
#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/seal/bundle_sealer.h"

// The KMS's half of the transport-key ceremony. What it keeps are public facts (record/enrolment.h) in the KMS's home.
namespace keyferry::ceremony {

// Whose ceremony it is. The caller has logged in to the KMS's HSM, lets one process at a time answer, and keeps all of
// it alive.
struct KmsSide {
  Workbench bench;          // in the KMS's HSM
  std::string home;         // enrolments/ lies below it
  std::string hsm;          // URI of the token, for the enrolment
  std::string signer_name;  // how the agent's settings call this signer in [policy.NAME]
  const Ed25519KeyPair* signer = nullptr;
  Bytes channel_key;  // CURVE public key of the KMS, 32 octets
  Clock* clock = nullptr;
};

// Makes the root keys in the KMS's HSM, wraps them under the request's transport key, keeps a twin of each that can
// wrap (or seal) and nothing else, and returns the signed response. `fingerprint` of the request: as the operator typed
// it, compared before anything is read. The enrolment is durable before the response is returned; the response stays in
// the home (record::KeptResponsePath) until it is confirmed. A try that died before that leaves nothing that counts:
// its twins are made anew. Code::kFingerprintMismatch, kSignatureWrong, kRequestExpired, kRequestAnswered,
// kMechanismMissing, kRecordWrong, hsm.*.
//
// The twins are made by the HSM's user, so they cannot be CKA_TRUSTED (PKCS#11 2.40 section 4.9: only the security
// officer sets it), and a key that is CKA_WRAP_WITH_TRUSTED cannot be wrapped under them.
Result<MadeFile> AnswerRequest(const KmsSide& side, std::string_view request, std::string_view fingerprint);

struct Confirmation {
  Bytes envelope;
  record::Enrolment enrolment;  // as it was stored, confirmed
};

// Checks the receipt key's signature and every proof of possession, and makes the sealed, signed confirmation. The same
// proof gives the same confirmation again. `seal_in`: the twin of this domain's seal-in. Code::kProofWrong,
// kSignatureWrong, kResponseForAnother, kCeremonyOrder where that domain was not enrolled here.
Result<Confirmation> MakeConfirmation(const KmsSide& side, std::string_view proof, seal::SealSigner& seal_in);

// The domain that a proof speaks of, before it is verified: to find the twin of its seal-in.
Result<record::Enrolment> EnrolmentOfProof(const std::string& home, std::string_view proof);

}  // namespace keyferry::ceremony
