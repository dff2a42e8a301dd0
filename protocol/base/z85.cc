// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/z85.h"

#include <cstdint>
#include <limits>

namespace keyferry {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::uint32_t kBase = 85;
constexpr std::size_t kOctets = 4;
constexpr std::size_t kCharacters = 5;

std::unexpected<Error> Invalid() {
  return std::unexpected(Error::Make(Code::kEncodingInvalid, "this is not Z85 (ZeroMQ RFC 32)"));
}

// `from` and `to` have sizes that match.
void Encode(ByteView from, std::span<std::uint8_t> to) {
  for (std::size_t group = 0; group * kOctets < from.size(); ++group) {
    std::uint32_t value = ReadU32(from.subspan(group * kOctets));
    for (std::size_t i = kCharacters; i-- > 0; value /= kBase) {
      to[group * kCharacters + i] = static_cast<std::uint8_t>(kAlphabet[value % kBase]);
    }
  }
}

bool Decode(ByteView from, std::span<std::uint8_t> to) {
  for (std::size_t group = 0; group * kCharacters < from.size(); ++group) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kCharacters; ++i) {
      const std::size_t digit = kAlphabet.find(static_cast<char>(from[group * kCharacters + i]));
      if (digit == std::string_view::npos) return false;
      value = value * kBase + digit;
    }
    if (value > std::numeric_limits<std::uint32_t>::max()) return false;
    for (std::size_t i = kOctets; i-- > 0; value >>= 8) to[group * kOctets + i] = static_cast<std::uint8_t>(value);
  }
  return true;
}

}  // namespace

Result<std::string> Z85Encode(ByteView octets) {
  if (octets.size() % kOctets != 0) return Invalid();
  Bytes text(octets.size() / kOctets * kCharacters);
  Encode(octets, text);
  return std::string(AsText(text));
}

Result<Bytes> Z85Decode(std::string_view text) {
  Bytes octets(text.size() / kCharacters * kOctets);
  if (text.size() % kCharacters != 0 || !Decode(AsBytes(text), octets)) return Invalid();
  return octets;
}

Result<Secret> Z85Encode(const Secret& octets) {
  if (octets.size() % kOctets != 0) return Invalid();
  KF_TRY(Secret text, Secret::Allocate(octets.size() / kOctets * kCharacters));
  Encode(octets.Expose(), text.ExposeMutable());
  return text;
}

Result<Secret> Z85Decode(const Secret& text) {
  if (text.size() % kCharacters != 0) return Invalid();
  KF_TRY(Secret octets, Secret::Allocate(text.size() / kCharacters * kOctets));
  if (!Decode(text.Expose(), octets.ExposeMutable())) return Invalid();
  return octets;
}

}  // namespace keyferry
