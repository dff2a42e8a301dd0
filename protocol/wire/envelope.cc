// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/envelope.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "protocol/wire/limits.h"

namespace keyferry::wire {
namespace {

constexpr std::string_view kMagic = "KFRY";
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kKindAt = 5;
constexpr std::size_t kZeroAt = 6;
constexpr std::size_t kSignerAt = 8;
constexpr std::size_t kLengthAt = 24;

std::size_t MostBytes(Kind kind) { return kind == Kind::kReceipt ? limits::kReceiptBytes : limits::kEnvelopeBytes; }

std::string_view Name(Kind kind) {
  switch (kind) {
    case Kind::kBundle:
      return "bundle";
    case Kind::kReceipt:
      return "receipt";
    case Kind::kConfirmation:
      return "confirmation";
  }
  return "unknown";
}

std::unexpected<Error> Refuse(Code code, Kind expected, const std::string& why) {
  return std::unexpected(Error::Make(code, "envelope of a " + std::string(Name(expected)) + ": " + why));
}

Status CheckHeader(ByteView header, Kind expected) {
  if (!Equal(header.first(kMagic.size()), AsBytes(kMagic))) {
    return Refuse(Code::kWireMalformed, expected, "does not begin with KFRY");
  }
  if (header[kVersionAt] != kVersion) {
    return Refuse(Code::kWireVersion, expected, "is of version " + std::to_string(header[kVersionAt]));
  }
  if (header[kKindAt] != static_cast<std::uint8_t>(expected)) {
    return Refuse(Code::kWireMalformed, expected, "is of kind " + std::to_string(header[kKindAt]));
  }
  if (ReadU16(header.subspan(kZeroAt)) != 0) {
    return Refuse(Code::kWireMalformed, expected, "octets 6 and 7 are not zero");
  }
  return {};
}

}  // namespace

bool IsSealed(Kind kind) { return kind != Kind::kReceipt; }

Header MakeHeader(Kind kind, const Id16& signer, std::uint32_t body_bytes) {
  Bytes octets = Concat({AsBytes(kMagic)});
  octets.push_back(kVersion);
  octets.push_back(static_cast<std::uint8_t>(kind));
  AppendU16(octets, 0);
  octets.insert(octets.end(), signer.begin(), signer.end());
  AppendU32(octets, body_bytes);
  Header header{};
  std::ranges::copy(octets, header.begin());
  return header;
}

Result<EnvelopeView> Split(ByteView envelope, Kind expected) {
  if (envelope.size() > MostBytes(expected)) {
    return Refuse(Code::kWireTooLarge, expected,
                  std::to_string(envelope.size()) + " octets; at most " + std::to_string(MostBytes(expected)));
  }
  if (envelope.size() < kHeaderBytes) return Refuse(Code::kWireMalformed, expected, "is shorter than its header");
  const ByteView header = envelope.first(kHeaderBytes);
  KF_CHECK(CheckHeader(header, expected));
  const std::size_t seal_bytes = IsSealed(expected) ? kSealBytes : 0;
  const std::size_t body_at = kHeaderBytes + seal_bytes + kSignatureBytes;
  const std::uint32_t body_bytes = ReadU32(header.subspan(kLengthAt));
  if (body_bytes == 0 || envelope.size() < body_at || envelope.size() - body_at != body_bytes) {
    return Refuse(Code::kWireMalformed, expected,
                  "announces a body of " + std::to_string(body_bytes) + " octets, which is not what follows");
  }
  EnvelopeView view{.kind = expected,
                    .signer = {},
                    .header = header,
                    .seal = envelope.subspan(kHeaderBytes, seal_bytes),
                    .signature = envelope.subspan(kHeaderBytes + seal_bytes, kSignatureBytes),
                    .body = envelope.subspan(body_at)};
  std::ranges::copy(header.subspan(kSignerAt, view.signer.size()), view.signer.begin());
  return view;
}

Bytes Join(const Header& header, ByteView seal, ByteView signature, ByteView body) {
  return Concat({header, seal, signature, body});
}

}  // namespace keyferry::wire
