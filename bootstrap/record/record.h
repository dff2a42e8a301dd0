// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/crypto.h"
#include "protocol/base/item.h"
#include "protocol/base/json.h"

// What a ceremony leaves behind: public data only, read by worker, daemon and command line. One file,
// STATE_DIR/record.kfr of the domain: a signed document (signed_document.h), signed by the receipt key in the token.
namespace keyferry::record {

// The root keys of a domain, by the class of what they wrap; see design of keys in agent/ARCHITECTURE.md.
enum class RootKey : std::uint8_t { kAes = 1, kMac = 2, kPrivate = 3, kSealIn = 4 };
std::string_view Name(RootKey key);                            // "aes", "mac", "private", "seal-in"
std::string RootLabel(RootKey key, std::uint32_t generation);  // CKA_LABEL in the token: "keyferry root aes g1"
// Of the key's twin in the KMS's HSM: "keyferry twin aes <domain id, hexadecimal> g1".
std::string TwinLabel(RootKey key, const Id16& domain, std::uint32_t generation);
std::string ReceiptLabel();  // "keyferry receipt"

// An attribute that was read from the token when the ceremony ended, and must read the same at every start. Value: the
// octets of the attribute, hexadecimal; an attribute that the token does not know is absent from the list.
struct PinnedAttribute {
  std::uint64_t type = 0;  // CKA_…
  Bytes value;
};

struct RootKeyRecord {
  RootKey key = RootKey::kAes;
  Bytes id;  // CKA_ID in the target token
  std::vector<PinnedAttribute> attributes;
};

struct Generation {
  std::uint32_t number = 1;
  bool serving = true;
  std::vector<RootKeyRecord> keys;
};

struct SignerRecord {
  std::string name;
  Ed25519PublicKey key{};
};

struct TokenIdentity {
  std::string label, serial, manufacturer, model;
};

// One step of the ceremony, chained: hash = SHA-256(previous hash ‖ JSON of the step without its hash).
struct Step {
  std::string what;  // fixed texts: "request made", "response imported", "transport key seen gone", …
  UnixSeconds time = 0;
  Json details;  // public facts: fingerprints, hashes
  Digest hash{};
};

enum class Stage : std::uint8_t { kRequested = 1, kImported = 2, kConfirmed = 3 };

struct Record {
  Stage stage = Stage::kRequested;
  Id16 domain{};
  std::string domain_name;
  Ed25519PublicKey agent{};  // identity
  Bytes agent_channel;       // CURVE public key, 32 octets
  TokenIdentity token;
  Bytes receipt_key;     // DER SubjectPublicKeyInfo, P-256
  Bytes receipt_key_id;  // CKA_ID
  std::vector<Generation> generations;
  std::vector<SignerRecord> signers;
  std::vector<Bytes> peers;  // CURVE public keys of the KMS, 32 octets each
  Digest request_sha256{}, response_sha256{}, proof_sha256{};
  UnixSeconds request_expires = 0;
  std::string oaep;  // "RSA-4096, OAEP SHA-1, MGF1 SHA-1: about 128 bits"
  bool template_enforced = false;
  std::vector<Step> steps;

  const Generation* Serving(std::uint32_t number) const;  // nullptr where that generation does not serve
};

// Adds a step, chained to the last.
void AddStep(Record& record, std::string what, UnixSeconds time, Json details);
// Code::kRecordWrong where the chain is broken.
Status CheckSteps(const Record& record);

Json ToJson(const Record& record);
Result<Record> FromJson(const Json& json);

// Mode of state directories: the daemon's user reads the record in the worker's, whatever else is in it is 0600.
inline constexpr unsigned kStateDirectoryMode = 0711;

std::string RecordPath(const std::string& domain_state_dir);  // …/record.kfr

// Reads and verifies: format, signature by the receipt key that it names, chain of steps.
// Code::kNotBootstrapped where there is no file or the ceremony has not ended; kRecordWrong.
Result<Record> LoadConfirmed(const std::string& path);
// The same at any stage; nullopt where there is no file.
Result<std::optional<Record>> LoadAny(const std::string& path);

}  // namespace keyferry::record
