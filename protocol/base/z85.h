// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"

namespace keyferry {

// ZeroMQ RFC 32 (Z85): five characters for four octets; the text form of CURVE keys.

// `octets`: a multiple of 4; else Code::kEncodingInvalid.
Result<std::string> Z85Encode(ByteView octets);
Result<Bytes> Z85Decode(std::string_view text);
// The same for what must not be seen.
Result<Secret> Z85Encode(const Secret& octets);
Result<Secret> Z85Decode(const Secret& text);

}  // namespace keyferry
