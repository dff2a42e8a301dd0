// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"

// Fields of Protobuf messages to and from this project's types, for the codec alone.
namespace keyferry::wire {

std::string ToOctets(ByteView bytes);
Bytes ToBytes(const std::string& octets);
// What people read, made to fit: escaped and cut where it is longer than `most` octets or not UTF-8.
std::string Fitting(std::string_view text, std::size_t most);

std::unexpected<Error> Malformed(const std::string& what);
std::unexpected<Error> OverLimit(const std::string& what);

// `name` is the field's. Code::kWireMalformed for another size.
Status TakeExactly(const std::string& octets, std::string_view name, std::span<std::uint8_t> out);
// As TakeExactly; an absent field leaves zero octets.
Status TakeExactlyOrNone(const std::string& octets, std::string_view name, std::span<std::uint8_t> out);
// Code::kWireLimit above `most` octets.
Status CheckSize(std::size_t size, std::size_t most, std::string_view name);
// 1 to the last second of the year 9999; 0 only where `optional`. Code::kWireMalformed.
Status CheckTime(std::int64_t time, bool optional, std::string_view name);
// Code::kWireVersion for anything but 1.
Status CheckVersion(std::uint32_t version, std::string_view message);

inline constexpr std::uint32_t kBodyVersion = 1;

}  // namespace keyferry::wire
