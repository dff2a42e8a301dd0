// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/proto_fields.h"

#include <algorithm>

namespace keyferry::wire {
namespace {

constexpr std::int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kEllipsis = 3;

}  // namespace

std::string ToOctets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Bytes ToBytes(const std::string& octets) { return {octets.begin(), octets.end()}; }

std::string Fitting(std::string_view text, std::size_t most) {
  if (text.size() <= most && IsUtf8(text)) return std::string(text);
  return Printable(text, most - kEllipsis);
}

std::unexpected<Error> Malformed(const std::string& what) {
  return std::unexpected(Error::Make(Code::kWireMalformed, what));
}

std::unexpected<Error> OverLimit(const std::string& what) {
  return std::unexpected(Error::Make(Code::kWireLimit, what));
}

Status TakeExactly(const std::string& octets, std::string_view name, std::span<std::uint8_t> out) {
  if (octets.size() != out.size()) {
    return Malformed(std::string(name) + " has " + std::to_string(octets.size()) + " octets, not " +
                     std::to_string(out.size()));
  }
  std::ranges::copy(AsBytes(octets), out.begin());
  return {};
}

Status TakeExactlyOrNone(const std::string& octets, std::string_view name, std::span<std::uint8_t> out) {
  return octets.empty() ? Status() : TakeExactly(octets, name, out);
}

Status CheckSize(std::size_t size, std::size_t most, std::string_view name) {
  if (size <= most) return {};
  return OverLimit(std::string(name) + " has " + std::to_string(size) + " octets; at most " + std::to_string(most));
}

Status CheckTime(std::int64_t time, bool optional, std::string_view name) {
  if ((optional && time == 0) || (time >= 1 && time <= kLastSecond)) return {};
  return Malformed(std::string(name) + " is missing or no time before the year 10000");
}

Status CheckVersion(std::uint32_t version, std::string_view message) {
  if (version == kBodyVersion) return {};
  return std::unexpected(
      Error::Make(Code::kWireVersion, std::string(message) + " of version " + std::to_string(version)));
}

}  // namespace keyferry::wire
