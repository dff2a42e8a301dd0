// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"

namespace keyferry::sender {

// What a key file holds: at most one of each, since all of it is installed under one label.
struct PemContent {
  std::optional<Secret> private_key;  // DER PKCS#8 PrivateKeyInfo (RFC 5208)
  std::optional<Bytes> public_key;    // DER SubjectPublicKeyInfo
  std::optional<Bytes> certificate;   // DER X.509
};

// Reads a DER private key (PKCS#8), or in PEM (RFC 7468) "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY",
// "PUBLIC KEY" and "CERTIFICATE". An encrypted key is refused: decrypting it is the caller's. Code::kEncodingInvalid
// names the block.
Result<PemContent> ReadPem(const Secret& pem);

}  // namespace keyferry::sender
