// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/item.h"
#include "protocol/base/secret.h"
#include "targets/cryptoki/session.h"

namespace keyferry::cryptoki {

// keyferry::CheckMethod: ecb0-3 = first 3 octets of AES-ECB of a zero block; cmac-5 = first 5 octets of AES-CMAC (NIST
// SP 800-38B) of a zero block; hmac-8 = first 8 octets of HMAC-SHA-256 (FIPS 198-1) of 16 zero octets.

// Computed inside the token. The key must be allowed to encrypt (kEcb0) or sign (kCmac, kHmac): a key that is not is
// checked through a throw-away object. kNotPossibleHere for kPublicKey; empty for kNone.
Result<Bytes> ComputeCheckValue(Session& session, CK_OBJECT_HANDLE key, CheckMethod method);

// The same in software, over the octets of a key. Code::kItemLength for AES keys of no AES length.
Result<Bytes> SoftwareCheckValue(const Secret& key, CheckMethod method);

}  // namespace keyferry::cryptoki
