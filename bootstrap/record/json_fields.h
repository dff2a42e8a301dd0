// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/json.h"

// Members of the ceremony's JSON that are not plain JSON kinds.
namespace keyferry::record {

// A member of exactly N octets in hexadecimal (an id, a digest, a public key). Code::kJsonInvalid names it.
template <std::size_t N>
Result<std::array<std::uint8_t, N>> FixedHex(const Json& json, std::string_view name) {
  KF_TRY(const Bytes octets, json.Hex(name));
  if (octets.size() != N) {
    return std::unexpected(Error::Make(
        Code::kJsonInvalid, "member '" + std::string(name) + "' does not hold " + std::to_string(N) + " octets"));
  }
  std::array<std::uint8_t, N> fixed{};
  std::ranges::copy(octets, fixed.begin());
  return fixed;
}

// A member between 0 and `most`. Code::kJsonInvalid.
inline Result<std::uint32_t> SmallNumber(const Json& json, std::string_view name,
                                         std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) {
  KF_TRY(const std::int64_t number, json.Integer(name));
  if (number < 0 || number > most) {
    return std::unexpected(Error::Make(Code::kJsonInvalid, "member '" + std::string(name) + "' is out of range"));
  }
  return static_cast<std::uint32_t>(number);
}

}  // namespace keyferry::record
