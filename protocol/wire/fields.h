// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/item.h"

// How single fields go to and from Protobuf: shared by the codecs, of no use to anybody else.
namespace keyferry::wire {

inline std::unexpected<Error> Malformed(std::string what) {
  return std::unexpected(Error::Make(Code::kWireMalformed, std::move(what)));
}
inline std::unexpected<Error> OverLimit(std::string what) {
  return std::unexpected(Error::Make(Code::kWireLimit, std::move(what)));
}

inline std::string ToField(ByteView octets) { return std::string(AsText(octets)); }
inline Bytes FromField(const std::string& field) { return {field.begin(), field.end()}; }

// Exactly N octets.
template <std::size_t N>
Status TakeFixed(const std::string& field, std::string_view name, std::array<std::uint8_t, N>& into) {
  if (field.size() != N) return Malformed(std::string(name) + " must have " + std::to_string(N) + " octets");
  std::ranges::copy(AsBytes(field), into.begin());
  return {};
}

// An enumeration whose values run from `first` to `last`.
template <typename E>
Status TakeEnum(std::uint32_t field, std::string_view name, E first, E last, E& into) {
  if (field < static_cast<std::uint32_t>(first) || field > static_cast<std::uint32_t>(last)) {
    return Malformed(std::string(name) + " " + std::to_string(field) + " is not known");
  }
  into = static_cast<E>(field);
  return {};
}

inline Status TakeBytes(const std::string& field, std::string_view name, std::size_t most, Bytes& into) {
  if (field.size() > most) return OverLimit(std::string(name) + " has more than " + std::to_string(most) + " octets");
  into = FromField(field);
  return {};
}

// Text of at most `most` octets without control characters; Protobuf has checked that it is UTF-8.
inline Status TakeText(const std::string& field, std::string_view name, std::size_t most, std::string& into) {
  if (field.size() > most) return OverLimit(std::string(name) + " has more than " + std::to_string(most) + " octets");
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(field, control)) return Malformed(std::string(name) + " has a control character");
  into = field;
  return {};
}

// What is written must be readable again: cut at the limit, on a character, and freed of control characters.
std::string ToText(std::string_view text, std::size_t most);

}  // namespace keyferry::wire
