// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"

namespace keyferry::cryptoki {

// Keys that everybody may know: a token is probed with them, and they protect nothing.
Result<Secret> ProbeKek();        // AES-256
Result<Secret> ProbeAes();        // AES-256
Result<Secret> ProbeOddSecret();  // 20 octets: no AES length, and no multiple of 8
Result<Secret> ProbeRsaPkcs8();   // RSA-2048, DER PrivateKeyInfo
Result<Secret> ProbeEcPkcs8();    // P-256
Result<Secret> ProbeEd25519Pkcs8();

}  // namespace keyferry::cryptoki
