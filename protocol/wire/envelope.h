// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/crypto.h"
#include "protocol/base/item.h"

// The fixed outer layout of everything that is signed (protocol/PROTOCOL.md, "Envelope"). Big-endian.
//
//   header    28  "KFRY" ‖ version u8 = 1 ‖ kind u8 ‖ zero u16 ‖ signer id 16 ‖ body length u32
//   seal      32  HMAC-SHA-256 under seal-in; kinds bundle and confirmation only
//   signature 64  Ed25519 of the signer
//   body          one Protobuf message
namespace keyferry::wire {

enum class Kind : std::uint8_t { kBundle = 1, kReceipt = 2, kConfirmation = 3 };

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 28;
inline constexpr std::size_t kSealBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

using Header = std::array<std::uint8_t, kHeaderBytes>;
using Seal = std::array<std::uint8_t, kSealBytes>;

bool IsSealed(Kind kind);
Header MakeHeader(Kind kind, const Id16& signer, std::uint32_t body_bytes);

// The parts of an envelope: views into the octets given to Split, which must outlive it.
struct EnvelopeView {
  Kind kind;
  Id16 signer;
  ByteView header;
  ByteView seal;  // empty where the kind has none
  ByteView signature;
  ByteView body;
};

// Checks size (limits::kEnvelopeBytes), magic, version, kind, zero octets and that the length is exact; reads nothing
// of the body. Code::kWireTooLarge, kWireVersion, kWireMalformed.
Result<EnvelopeView> Split(ByteView envelope, Kind expected);
// `seal` must be empty where the kind has none.
Bytes Join(const Header& header, ByteView seal, ByteView signature, ByteView body);

}  // namespace keyferry::wire
