// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"

namespace keyferry::seal {

// What seal-in MACs: "keyferry/1 seal" ‖ SHA-256(header ‖ body), short since tokens limit what one C_Verify takes.
Bytes SealedOctets(ByteView header, ByteView body);

}  // namespace keyferry::seal
