// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/base/crypto.h"
#include "protocol/base/json.h"

// The one text form of every ceremony file and of the record. Three lines:
//   keyferry-<kind>/1
//   <JSON on one line>
//   <signature in hexadecimal>
// The signature covers SHA-256("keyferry/1 " ‖ kind ‖ 0x00 ‖ the JSON line) — by the token's receipt key (ECDSA P-256)
// for request, proof and record; by the KMS's signer (Ed25519, over the same octets unhashed) for the response.
namespace keyferry::record {

struct SignedDocument {
  std::string kind;  // "request", "response", "proof", "record"
  std::string json;  // the octets of the second line
  Bytes signature;
};

// Code::kFileTooLarge, kRecordWrong where the form is wrong. Verifies nothing yet.
Result<SignedDocument> ParseDocument(std::string_view text, std::string_view kind);
std::string FormatDocument(const SignedDocument& document);
// What is signed: "keyferry/1 " ‖ kind ‖ 0x00 ‖ json.
Bytes SignedOctets(std::string_view kind, std::string_view json);
// SHA-256 of every octet of the file.
Digest DocumentDigest(std::string_view text);
// The first 128 bits of the digest in 8 groups of 4 hexadecimal digits: what operators compare over a second channel.
std::string Fingerprint(const Digest& digest);
// Compares what an operator typed (any case, spaces and dashes ignored; all 32 digits needed):
// Code::kFingerprintMismatch.
Status CheckFingerprint(const Digest& digest, std::string_view typed);

}  // namespace keyferry::record
