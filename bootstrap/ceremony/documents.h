// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/base/item.h"

// What the three signed text files of a ceremony say (protocol/PROTOCOL.md, "Bootstrap files"); the fourth, the
// confirmation, is an envelope (protocol/wire/envelope.h). The Parse functions check form and bounds, and verify the
// signature by the key that the document itself names: whose key that is, only the compared fingerprint tells.
namespace keyferry::ceremony {

inline constexpr std::size_t kMostDocumentOctets = 64 * 1024;

// From the agent, signed by the receipt key.
struct Request {
  Bytes nonce;  // 32 octets
  Id16 domain{};
  std::string domain_name;
  std::uint32_t generation = 1;
  Ed25519PublicKey agent_key{};
  Bytes agent_channel;  // CURVE public key, 32 octets
  record::TokenIdentity token;
  bool template_enforced = false;  // by the token; where false, its operators accepted that
  Bytes receipt_key;               // DER SubjectPublicKeyInfo, P-256
  Bytes transport_key;             // DER SubjectPublicKeyInfo, RSA of at least 3072 bits
  std::vector<std::string> oaep;   // hashes (and MGF1 hashes) the token unwraps by, strongest first: "SHA-256", "SHA-1"
  std::vector<WrapMethod> wrap;    // how it unwraps delivered keys, preferred first
  UnixSeconds made_at = 0;
  UnixSeconds expires = 0;
};

// A key on its way: a root key under the transport key, or a proof key under the root key that it proves.
struct Blob {
  record::RootKey key = record::RootKey::kAes;
  Bytes wrapped;
  Bytes public_key;  // of the proof key of the `private` KEK: DER SubjectPublicKeyInfo, P-256
};

// From the KMS, signed by its signer.
struct Response {
  Digest request_sha256{};
  Bytes nonce;
  Id16 domain{};
  std::uint32_t generation = 1;
  record::SignerRecord signer;
  Bytes channel_key;  // CURVE public key of the KMS, 32 octets
  std::string oaep;
  WrapMethod wrap = WrapMethod::kAesKwp;
  std::vector<Blob> root_keys;  // one of each, in the order of record::RootKey
  std::vector<Blob> proofs;     // one of each KEK: aes, mac, private
  UnixSeconds made_at = 0;
};

// What one proof key made of the challenge SHA-256(request file ‖ response file).
struct ProofValue {
  record::RootKey key = record::RootKey::kAes;
  Bytes value;  // aes: AES-CMAC, 16 octets; mac: HMAC-SHA-256, 32 octets; private: ECDSA P-256, r ‖ s, 64 octets
};

// From the agent, signed by the receipt key.
struct Proof {
  Digest request_sha256{};
  Digest response_sha256{};
  Id16 domain{};
  std::uint32_t generation = 1;
  std::vector<ProofValue> values;
  UnixSeconds made_at = 0;
};

std::string ToJsonLine(const Request& request);
std::string ToJsonLine(const Response& response);
std::string ToJsonLine(const Proof& proof);

// Code::kRecordWrong for the form; kSignatureWrong; kJsonInvalid names the member.
Result<Request> ParseRequest(std::string_view text);
Result<Response> ParseResponse(std::string_view text);
// `receipt_key`: as the request named it.
Result<Proof> ParseProof(std::string_view text, ByteView receipt_key);

// "RSA-4096, OAEP SHA-1, MGF1 SHA-1: about 128 bits", as record and enrolment state it. NIST SP 800-57 part 1 gives
// RSA-3072 128 bits; neither a larger modulus nor the hash (collisions do not matter to OAEP) changes the order of
// that.
std::string OaepText(std::uint32_t bits, std::string_view hash);

// SHA-256(request file ‖ response file).
Digest Challenge(std::string_view request_text, std::string_view response_text);

}  // namespace keyferry::ceremony
