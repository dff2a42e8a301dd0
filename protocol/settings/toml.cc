// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/toml.h"

#include <algorithm>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace keyferry::settings {
namespace {

Place PlaceOf(const toml::source_region& region) {
  return {.line = std::max<std::uint32_t>(region.begin.line, 1),
          .column = std::max<std::uint32_t>(region.begin.column, 1)};
}

Node Convert(const toml::node& from);

Node ConvertTable(const toml::table& from) {
  Node node;
  for (const auto& [key, value] : from) {
    node.members.push_back({.name = std::string(key.str()), .place = PlaceOf(key.source()), .value = Convert(value)});
  }
  return node;
}

Node ConvertValue(const toml::node& from) {
  if (const auto* table = from.as_table()) return ConvertTable(*table);
  Node node;
  node.kind = Node::Kind::kOther;
  if (const auto* array = from.as_array()) {
    node.kind = Node::Kind::kArray;
    for (const auto& element : *array) node.elements.push_back(Convert(element));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::kText;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::kInteger;
    node.integer = integer->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::kBoolean;
    node.boolean = boolean->get();
  }
  return node;
}

Node Convert(const toml::node& from) {
  Node node = ConvertValue(from);
  node.place = PlaceOf(from.source());
  return node;
}

}  // namespace

const Node* Node::Find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::name);
  return found == members.end() ? nullptr : &found->value;
}

Result<Node> ParseToml(std::string_view text, const std::string& path) {
  const auto parsed = toml::parse(text);
  if (!parsed) {
    const Place place = PlaceOf(parsed.error().source());
    return std::unexpected(Error::Make(Code::kSettingsInvalid, "settings file '" + path + "' is not TOML:\n  " + path +
                                                                   ":" + std::to_string(place.line) + ":" +
                                                                   std::to_string(place.column) + ": " +
                                                                   std::string(parsed.error().description())));
  }
  return Convert(parsed.table());
}

}  // namespace keyferry::settings
