// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/duration.h"

#include <charconv>
#include <cstdint>
#include <memory>

namespace keyferry::settings {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr Unit kUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::int64_t number = 0;
  const char* const begin = std::to_address(text.begin());
  const char* const end = begin + text.size();
  const auto parsed = std::from_chars(begin, end, number);
  // Nine digits of hours still fit.
  if (parsed.ec != std::errc() || number < 0 || number > 999'999'999) return std::nullopt;
  const std::string_view name(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  for (const auto& unit : kUnits) {
    if (unit.name == name) return std::chrono::milliseconds(number * unit.milliseconds);
  }
  return std::nullopt;
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const auto& unit : kUnits) {
    if (count % unit.milliseconds == 0) return std::to_string(count / unit.milliseconds) + std::string(unit.name);
  }
  return std::to_string(count) + "ms";
}

}  // namespace keyferry::settings
