// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace keyferry {

// Public octets: ciphertext, digests, public keys, identifiers. What must not be seen lives in Secret (secret.h).
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// The octets of a text, without a terminating zero. The view borrows from `text`.
ByteView AsBytes(std::string_view text);
std::string_view AsText(ByteView bytes);
Bytes Concat(std::initializer_list<ByteView> parts);
bool Equal(ByteView a, ByteView b);

// Lower-case hexadecimal, two digits an octet.
std::string HexEncode(ByteView bytes);
// Takes upper and lower case, nothing else: Code::kEncodingInvalid otherwise.
Result<Bytes> HexDecode(std::string_view text);

// RFC 4648 section 4, padded.
std::string Base64Encode(ByteView bytes);
Result<Bytes> Base64Decode(std::string_view text);

// Big-endian integers as the envelope and the ceremony files use them.
void AppendU16(Bytes& out, std::uint16_t value);
void AppendU32(Bytes& out, std::uint32_t value);
void AppendU64(Bytes& out, std::uint64_t value);
// The view must hold at least the integer's size.
std::uint16_t ReadU16(ByteView at);
std::uint32_t ReadU32(ByteView at);
std::uint64_t ReadU64(ByteView at);

// Octets of the well-formed UTF-8 character (RFC 3629) at the front of `text`; 0 where there is none.
std::size_t Utf8Front(std::string_view text);
bool IsUtf8(std::string_view text);

// Text from outside made safe for one line of a message or log: control characters (also those that break lines or
// turn the direction of writing in Unicode), backslash and octets that are not UTF-8 are escaped, and what is longer
// than `most` octets then is cut with an ellipsis.
std::string Printable(std::string_view text, std::size_t most = 120);

}  // namespace keyferry
