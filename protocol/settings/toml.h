// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace keyferry::settings {

// Where in the file, counted from 1.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// A TOML value (TOML 1.0.0) and where it stands. Dates and floating point are kOther: no setting is of these kinds.
struct Node {
  enum class Kind : std::uint8_t { kTable, kArray, kText, kInteger, kBoolean, kOther };
  struct Member;

  const Node* Find(std::string_view name) const;  // nullptr where absent

  Kind kind = Kind::kTable;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Member> members;  // of a table
  std::vector<Node> elements;   // of an array
};

struct Node::Member {
  std::string name;
  Place place;  // of the name
  Node value;
};

// Parses the text of a file. Code::kSettingsInvalid as "PATH:LINE:COLUMN: cause"; a key that stands twice is such an
// error. The only place that knows toml++.
Result<Node> ParseToml(std::string_view text, const std::string& path);

}  // namespace keyferry::settings
