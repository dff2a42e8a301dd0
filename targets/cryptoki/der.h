// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"

namespace keyferry::cryptoki {

// ITU-T X.690 DER: a value of `tag` around `content`.
Bytes Der(std::uint8_t tag, ByteView content);
// An INTEGER of the big-endian number, which is taken as not negative.
Bytes DerUnsigned(ByteView number);

}  // namespace keyferry::cryptoki
