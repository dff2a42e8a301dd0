// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/item.h"
#include "protocol/base/secret.h"

namespace keyferry::cryptoki {

// AES key wrapping by OpenSSL, in locked memory, for what is not done inside a token: NIST SP 800-38F KWP (RFC 5649,
// kAesKwp) and KW (RFC 3394, kAesKw). `kek`: 16, 24 or 32 octets.

// KWP takes 1 octet and more; KW takes 16 and more, in multiples of 8. Code::kItemLength otherwise, or for a `kek` of
// no AES length.
Result<Bytes> SoftwareWrap(WrapMethod method, const Secret& kek, const Secret& key);
// Code::kUnwrapFailed for anything that does not verify, whatever its length.
Result<Secret> SoftwareUnwrap(WrapMethod method, const Secret& kek, ByteView wrapped);

}  // namespace keyferry::cryptoki
