// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/settings/toml.h"

namespace keyferry::settings {

enum class Kind : std::uint8_t { kTable, kText, kPath, kBoolean, kInteger, kDuration, kTextList };

// What is wrong with a text (or with the name of a table), as the end of "… 'TEXT' …"; empty where nothing is.
using TextCheck = std::string (*)(std::string_view text);

// One key that may stand in a file: "agent.listen"; "domain.*" is a table of any name, "domain.*.queue" a key in it.
struct Rule {
  std::string_view key;
  // Integers: the bounds. Durations: the same in milliseconds. Paths: `most` octets once resolved (0: 4095).
  std::int64_t least = 0;
  std::int64_t most = 0;
  TextCheck check = nullptr;  // texts, elements of lists, names of tables
  Kind kind = Kind::kText;
  bool required = false;  // of a table "x.*": at least one
  bool hidden = false;    // somebody may have put a secret there: errors do not show the text
};

// Holds a file against the rules and finds everything that is wrong with it: unknown keys, wrong types, values out of
// range, what is missing. On success every value is of its rule's kind. Code::kSettingsInvalid with one line each, in
// the order of the file. `path`: of the file; relative paths count from its directory.
Status CheckSchema(const Node& root, std::span<const Rule> rules, const std::string& path);

// `value` where it is absolute, else below the directory of the settings file.
std::string Resolve(const std::string& settings_path, const std::string& value);

}  // namespace keyferry::settings
