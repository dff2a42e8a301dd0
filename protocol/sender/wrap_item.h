// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/item.h"
#include "protocol/base/secret.h"
#include "protocol/sender/kms_token.h"
#include "targets/cryptoki/uri.h"

namespace keyferry::sender {

// How a key is to be installed.
struct Placement {
  Operation operation = Operation::kInstall;  // or kUpdate
  std::string target = "hsm";
  std::string label;                   // empty: the label that the key has here
  Bytes id;                            // CKA_ID of this version; empty: 16 random octets
  Bytes expected_id;                   // update: the version that must be current
  std::optional<std::uint32_t> usage;  // usage bits; nothing: those that the key has here
  UnixSeconds not_before = 0;
  UnixSeconds not_after = 0;
};

// Wraps the key that `key` names (secret key, private key; public keys and certificates are read) inside the KMS's HSM,
// under the twin for its class, and computes its check value there. Code::kObjectMissing, kObjectAmbiguous,
// kKeyNotWrappable, kKeyWantsTrustedWrapper, kKeyTypeUnsupported.
Result<Item> WrapFromToken(KmsToken& kms, const Twins& twins, const cryptoki::ObjectUri& key,
                           const Placement& placement);

// Everything in a PEM file (RFC 7468): an unencrypted PKCS#8 private key is taken into the HSM as a session object and
// wrapped there; certificates and public keys are carried as they are. The key was in clear on this host before: that
// is the caller's choice. Code::kEncodingInvalid, kKeyTypeUnsupported.
Result<std::vector<Item>> WrapFromPem(KmsToken& kms, const Twins& twins, const Secret& pem, const Placement& placement);

}  // namespace keyferry::sender
