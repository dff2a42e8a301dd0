// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Building, reading and writing a Json; parsing stands in json.cc, which alone sees the parser's library.

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "protocol/base/json.h"

namespace keyferry {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::unexpected<Error> Bad(std::string what) {
  return std::unexpected(Error::Make(Code::kJsonInvalid, std::move(what)));
}

std::string Shown(std::string_view name) { return "member '" + Printable(name) + "'"; }

Result<const Json*> MemberOf(const Json& object, std::string_view name) {
  if (!object.IsObject()) return Bad("an object with " + Shown(name) + " was expected");
  const Json* found = object.Find(name);
  if (found == nullptr) return Bad(Shown(name) + " is missing");
  return found;
}

void AppendAscii(std::string& out, char octet) {
  const auto value = static_cast<std::uint8_t>(octet);
  if (octet == '"' || octet == '\\') {
    out += '\\';
    out += octet;
  } else if (octet == '\n') {
    out += "\\n";
  } else if (value < 0x20) {
    out += {'\\', 'u', '0', '0', kHexDigits[value >> 4], kHexDigits[value & 0xF]};
  } else {
    out += octet;
  }
}

void AppendText(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = Utf8Front(text);
    if (size == 1) {
      AppendAscii(out, text.front());
    } else {
      out += size == 0 ? kReplacement : text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

void Break(std::string& out, bool indent, std::size_t level) {
  if (indent) out.append("\n").append(2 * level, ' ');
}

}  // namespace

Json::~Json() = default;
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;

Json::Json(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) std::abort();
  value_ = static_cast<std::int64_t>(value);
}

Json& Json::Set(std::string name, Json value) {
  auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) std::abort();
  const auto found = std::ranges::find(*members, name, &Member::first);
  if (found != members->end()) {
    found->second = std::move(value);
  } else {
    members->emplace_back(std::move(name), std::move(value));
  }
  return *this;
}

Json& Json::Add(Json value) {
  auto* elements = std::get_if<Array>(&value_);
  if (elements == nullptr) std::abort();
  elements->push_back(std::move(value));
  return *this;
}

const Json* Json::Find(std::string_view name) const {
  const Object& members = Members();
  const auto found = std::ranges::find(members, name, &Member::first);
  return found == members.end() ? nullptr : &found->second;
}

Result<std::string> Json::Text(std::string_view name) const {
  KF_TRY(const Json* member, MemberOf(*this, name));
  if (const auto* text = std::get_if<std::string>(&member->value_)) return *text;
  return Bad(Shown(name) + " is no text");
}

Result<std::int64_t> Json::Integer(std::string_view name) const {
  KF_TRY(const Json* member, MemberOf(*this, name));
  if (const auto* value = std::get_if<std::int64_t>(&member->value_)) return *value;
  return Bad(Shown(name) + " is no integer");
}

Result<bool> Json::Boolean(std::string_view name) const {
  KF_TRY(const Json* member, MemberOf(*this, name));
  if (const auto* value = std::get_if<bool>(&member->value_)) return *value;
  return Bad(Shown(name) + " is neither true nor false");
}

Result<Bytes> Json::Hex(std::string_view name) const {
  KF_TRY(const std::string text, Text(name));
  auto bytes = HexDecode(text);
  if (!bytes) return Bad(Shown(name) + ": " + bytes.error().what());
  return bytes;
}

Result<const Json::Array*> Json::List(std::string_view name) const {
  KF_TRY(const Json* member, MemberOf(*this, name));
  if (const auto* elements = std::get_if<Array>(&member->value_)) return elements;
  return Bad(Shown(name) + " is no array");
}

Result<const Json*> Json::Sub(std::string_view name) const {
  KF_TRY(const Json* member, MemberOf(*this, name));
  if (!member->IsObject()) return Bad(Shown(name) + " is no object");
  return member;
}

Result<std::string> Json::AsText() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  return Bad("a text was expected");
}

Result<std::int64_t> Json::AsInteger() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  return Bad("an integer was expected");
}

const Json::Array& Json::Elements() const {
  static const Array kNone;
  const auto* elements = std::get_if<Array>(&value_);
  return elements == nullptr ? kNone : *elements;
}

const Json::Object& Json::Members() const {
  static const Object kNone;
  const auto* members = std::get_if<Object>(&value_);
  return members == nullptr ? kNone : *members;
}

std::string Json::Dump(bool indent) const {
  std::string out;
  Write(out, indent, 0);
  return out;
}

void Json::Write(std::string& out, bool indent, std::size_t level) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    out += std::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    AppendText(out, *text);
  } else if (IsNull()) {
    out += "null";
  } else {
    const bool object = IsObject();
    const char* separator = "";
    out += object ? '{' : '[';
    const auto next = [&] {
      out += std::exchange(separator, ",");
      Break(out, indent, level + 1);
    };
    for (const Json& element : Elements()) {
      next();
      element.Write(out, indent, level + 1);
    }
    for (const auto& [name, value] : Members()) {
      next();
      AppendText(out, name);
      out += indent ? ": " : ":";
      value.Write(out, indent, level + 1);
    }
    if (*separator != '\0') Break(out, indent, level);
    out += object ? '}' : ']';
  }
}

}  // namespace keyferry
