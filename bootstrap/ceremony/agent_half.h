// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bootstrap/record/record.h"
#include "protocol/base/clock.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/token.h"

// The agent's half of the transport-key ceremony. Each step can be run again after a crash: it finishes what was begun,
// or says what to do. Every step adds to the domain's record, which the receipt key signs in the token.
namespace keyferry::ceremony {

// Whose ceremony it is. The caller holds the token's lock, has logged in, and keeps all of it alive.
struct AgentSide {
  const cryptoki::Token* token = nullptr;  // logged in
  std::string state_dir;                   // of the domain: record.kfr, request.kfq, proof.kfp, confirmation.kfc
  std::string token_copy;                  // settings::TokenCopyPath; empty: no copy is made
  std::string domain_name;
  bool accept_unenforced_template = false;
  Ed25519PublicKey agent_key{};
  Bytes agent_channel;  // CURVE public key, 32 octets
  Clock* clock = nullptr;
};

struct RequestOptions {
  UnixSeconds valid_for = 24 * 60 * 60;
  // Gives up a ceremony that was begun and not confirmed: what it put into the token is destroyed.
  bool renew = false;
};

// A file of the ceremony, as it is to be handed over.
struct MadeFile {
  std::string text;
  std::string fingerprint;  // what operators compare; of the text's every octet
  bool again = false;       // it was made by an earlier call and is handed over again
};

// Makes receipt key and transport key in the token, and the signed request. A request that waits for its answer is
// handed over again. Code::kTemplateUnenforced before anything is made; kAlreadyBootstrapped; kCeremonyOrder where a
// response was imported, or where the token holds root keys of which there is no record; kMechanismMissing.
Result<MadeFile> MakeRequest(const AgentSide& side, const RequestOptions& options);

// Imports the root keys, proves each, destroys the transport key, finds it gone in a new session, pins the attributes.
// Returns the proof for the KMS. `fingerprint`: as the operator typed it, compared before anything is read or
// unwrapped. Code::kFingerprintMismatch, kResponseForAnother, kSignatureWrong, kRequestExpired, kCeremonyOrder,
// kReadBackWrong, kUnwrapFailed, hsm.*.
Result<MadeFile> ImportResponse(const AgentSide& side, std::string_view response, std::string_view fingerprint);

// Checks signature and seal (in the token) of the KMS's confirmation, and that it speaks of this request, response and
// proof; ends the ceremony. Code::kSignerUnknown, kSignatureWrong, kSealWrong, kWire…, kProofWrong, kCeremonyOrder.
Status ConfirmBootstrap(const AgentSide& side, ByteView confirmation);

// Signs the record in the token and writes it durably.
Status SaveRecord(cryptoki::Session& session, const std::string& state_dir, const record::Record& record);

std::string RequestPath(const std::string& state_dir);
std::string ProofPath(const std::string& state_dir);
std::string ConfirmationPath(const std::string& state_dir);

}  // namespace keyferry::ceremony
