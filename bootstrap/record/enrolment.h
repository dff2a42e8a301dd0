// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bootstrap/record/record.h"

// What the KMS keeps of a ceremony: public facts only. One file, HOME/enrolments/<domain id, hexadecimal>.json, and
// beside it the response that was given (….response), so that one that was lost can be handed over again.
namespace keyferry::record {

enum class EnrolmentStage : std::uint8_t {
  kAnswered = 1,   // the response was made; nothing may be sent yet
  kConfirmed = 2,  // every proof of possession was checked
};

// What the KMS wants to see of one KEK in the agent's proof.
struct ExpectedProof {
  RootKey key = RootKey::kAes;
  // aes, mac: SHA-256 of the MAC, so that this file forges no proof. private: DER SubjectPublicKeyInfo of the proof
  // key.
  Bytes expected;
};

struct Twin {
  RootKey key = RootKey::kAes;
  Bytes id;  // CKA_ID in the KMS's token
};

struct Enrolment {
  EnrolmentStage stage = EnrolmentStage::kAnswered;
  Id16 agent{};                  // IdOfKey(agent_key)
  Ed25519PublicKey agent_key{};  // identity
  Bytes agent_channel;           // CURVE public key, 32 octets
  std::string address;           // "tcp://HOST:PORT"; empty: not said
  Id16 domain{};
  std::string domain_name;  // as the agent's operators call it
  std::uint32_t generation = 1;
  Bytes receipt_key;               // DER SubjectPublicKeyInfo, P-256
  TokenIdentity token;             // of the agent
  bool template_enforced = false;  // by the agent's token, as its request says
  std::string oaep;                // as in the record
  std::string hsm;                 // RFC 7512 URI of the KMS's token that holds the twins
  std::vector<Twin> twins;
  std::vector<ExpectedProof> proofs;
  Digest request_sha256{}, response_sha256{}, proof_sha256{};
  Digest challenge{};  // SHA-256(request ‖ response): what the proofs are made over
  UnixSeconds answered_at = 0, confirmed_at = 0;
};

Json ToJson(const Enrolment& enrolment);
Result<Enrolment> EnrolmentFromJson(const Json& json);

// "HOME/enrolments/<hex>.json" and "….response".
std::string EnrolmentPath(const std::string& home, const Id16& domain);
std::string KeptResponsePath(const std::string& home, const Id16& domain);

// Durably and atomically, mode 0600; makes the directory.
Status SaveEnrolment(const std::string& home, const Enrolment& enrolment);
// nullopt where there is none. Code::kStoreUnreadable where it is damaged.
Result<std::optional<Enrolment>> LoadEnrolment(const std::string& home, const Id16& domain);
// All of a home, by domain id; empty where nothing was enrolled.
Result<std::vector<Enrolment>> LoadEnrolments(const std::string& home);

}  // namespace keyferry::record
