// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace keyferry::settings {

// "500ms", "1s", "10m", "2h": a whole number and its unit, nothing else. nullopt otherwise.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
// In the largest unit that shows it whole.
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace keyferry::settings
