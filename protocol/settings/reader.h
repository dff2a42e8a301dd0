// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/settings/schema.h"

namespace keyferry::settings {

// Reads a file. Code::kFileMissing, kFileUnreadable, kSettingsInvalid.
Result<Node> ReadToml(const std::string& path);
// Reads a file and holds it against the rules: what the loaders start from. Codes as above.
Result<Node> ReadChecked(const std::string& path, std::span<const Rule> rules);

// Values of a checked table; `fallback` where the key is absent.
std::string TextOf(const Node& table, std::string_view key, std::string_view fallback = "");
std::string PathOf(const Node& table, std::string_view key, const std::string& settings_path,
                   std::string_view fallback = "");
bool BooleanOf(const Node& table, std::string_view key, bool fallback);
std::int64_t IntegerOf(const Node& table, std::string_view key, std::int64_t fallback);
std::chrono::milliseconds DurationOf(const Node& table, std::string_view key, std::chrono::milliseconds fallback);
std::vector<std::string> TextListOf(const Node& table, std::string_view key);

// Names of all rules that are no tables.
std::vector<std::string> KeysOf(std::span<const Rule> rules);

// Checks for more than one file.
std::string CheckName(std::string_view text);      // of domains and targets: [a-z0-9-], 1 to 32
std::string CheckLogLevel(std::string_view text);  // "debug", "info", "warning", "error"

}  // namespace keyferry::settings
