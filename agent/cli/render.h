// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/json.h"

// What commands print. No colour anywhere, so that NO_COLOR and pipes need no care.
namespace keyferry::cli {

// Columns of text, each as wide as its widest cell, two spaces apart. UTF-8; a code point counts as one column.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Heading and rows, a line each.
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// `text` with every line after the first moved right by `spaces`.
std::string Indented(std::string_view text, std::size_t spaces);

// A JSON value as indented "name: value" lines, for people.
std::string Lines(const Json& json);

// The two largest units: "3 d 4 h", "12 min 5 s", "9 s".
std::string SpanText(std::int64_t seconds);

// {"format": "keyferry-error/1", "code", "what", "cause", "next", "retry", "exit_code"}
Json ErrorJson(const Error& error);

// A line, or several, on standard output at once.
void Say(std::string text);

// Says it on standard error, in three lines or as JSON, and returns the exit code: called once, by the program's end.
int PrintError(const Error& error, bool json);

std::string_view Name(Retry retry);  // "permanent", "later", "uncertain"

}  // namespace keyferry::cli
