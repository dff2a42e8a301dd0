// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"

namespace keyferry::hsm {

// What PKCS#11 wants of an X.509 certificate besides itself (section 4.6.3 of 2.40), each in DER.
struct CertificateFacts {
  Bytes subject;
  Bytes issuer;
  Bytes serial;  // an INTEGER, with tag and length
};

// Code::kItemInvalid for what is not exactly one DER certificate (RFC 5280).
Result<CertificateFacts> ParseCertificate(ByteView der);

}  // namespace keyferry::hsm
