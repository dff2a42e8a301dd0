// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/render.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace keyferry::cli {
namespace {

std::size_t Columns(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

std::string Scalar(const Json& json) {
  if (auto text = json.AsText()) return *text;
  return json.IsNull() ? "-" : json.Dump();
}

void AddLines(const Json& json, std::size_t indent, std::string& lines) {
  const std::string margin(indent, ' ');
  for (const auto& [name, value] : json.Members()) {
    if (value.IsObject()) {
      lines += margin + name + ":\n";
      AddLines(value, indent + 2, lines);
    } else if (value.IsArray()) {
      lines += margin + name + (value.Elements().empty() ? ": none\n" : ":\n");
      AddLines(value, indent + 2, lines);
    } else {
      lines += margin + name + ": " + Indented(Scalar(value), indent + name.size() + 2) + "\n";
    }
  }
  for (const auto& element : json.Elements()) {
    if (element.IsObject() || element.IsArray()) {
      std::string below;
      AddLines(element, indent + 2, below);
      if (below.size() > indent) below[indent] = '-';
      lines += below;
    } else {
      lines += margin + "- " + Indented(Scalar(element), indent + 2) + "\n";
    }
  }
}

}  // namespace

std::string Table::Text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - Columns(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string Indented(std::string_view text, std::size_t spaces) {
  std::string indented;
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented += std::string(spaces, ' ');
  }
  return indented;
}

std::string Lines(const Json& json) {
  std::string lines;
  AddLines(json, 0, lines);
  return lines;
}

std::string SpanText(std::int64_t seconds) {
  struct Unit {
    std::string_view name;
    std::int64_t seconds;
  };
  constexpr std::array<Unit, 4> kUnits = {{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}};
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto& [name, length] = kUnits.at(i);
    if (seconds < length) continue;
    const auto& [below, below_length] = kUnits.at(i + 1);
    return std::to_string(seconds / length) + " " + std::string(name) + " " +
           std::to_string(seconds % length / below_length) + " " + std::string(below);
  }
  return std::to_string(std::max<std::int64_t>(seconds, 0)) + " s";
}

std::string_view Name(Retry retry) {
  switch (retry) {
    case Retry::kPermanent:
      return "permanent";
    case Retry::kLater:
      return "later";
    case Retry::kUncertain:
      return "uncertain";
  }
  return "unknown";
}

Json ErrorJson(const Error& error) {
  Json json = Json::EmptyObject();
  json.Set("format", "keyferry-error/1").Set("code", keyferry::Name(error.code())).Set("what", error.what());
  json.Set("cause", error.cause()).Set("next", error.next_step()).Set("retry", Name(error.retry()));
  json.Set("exit_code", static_cast<int>(ExitCodeOf(error.code())));
  return json;
}

// Nobody could be told that nobody can be told.
void Say(std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  static_cast<void>(std::fputs(text.c_str(), stdout));
  static_cast<void>(std::fflush(stdout));
}

int PrintError(const Error& error, bool json) {
  const std::string text = json ? ErrorJson(error).Dump() : error.ThreeLines();
  static_cast<void>(std::fprintf(stderr, "%s\n", text.c_str()));
  return static_cast<int>(ExitCodeOf(error.code()));
}

}  // namespace keyferry::cli
