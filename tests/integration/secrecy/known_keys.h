// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "targets/cryptoki/session.h"
#include "tests/integration/secrecy/scanner.h"

namespace keyferry::secrecy {

// A key in the KMS's HSM of which this test knows every octet: extractable there, so that it can be wrapped, and
// sensitive.
struct KnownKey {
  std::string label;
  std::string uri;  // as keyferry-kms takes it
  struct Part {
    std::string name;
    Bytes value;
  };
  std::vector<Part> parts;  // every octet that must not be seen, by name
  Bytes modulus;            // RSA: what may be seen, and is
};

// AES-256 (two), a generic secret of 32 octets, RSA-2048 and EC P-256 with their public keys: made in software, put in
// by C_CreateObject.
std::vector<KnownKey> PutKnownKeys(cryptoki::Session& session);

void AddAll(const std::vector<KnownKey>& keys, Scanner& scanner);

}  // namespace keyferry::secrecy
