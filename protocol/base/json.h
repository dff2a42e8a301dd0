// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/base/bytes.h"

namespace keyferry {

// A JSON value (RFC 8259) without floating point: what this project reads and writes has none. Objects keep the order
// in which members were added, so that the same value always gives the same octets.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(unsigned value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value);
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  // Out of line: inlined, they make g++ 12 warn of variables that are in fact initialised.
  ~Json();
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  static Json EmptyObject() { return Json(Object{}); }
  static Json EmptyArray() { return Json(Array{}); }

  // Strict UTF-8, no duplicate members, no comments, at most `depth` levels: Code::kJsonInvalid with the place.
  static Result<Json> Parse(std::string_view text, int depth = 16);
  // On one line, or indented by two spaces.
  std::string Dump(bool indent = false) const;

  bool IsNull() const { return std::holds_alternative<std::monostate>(value_); }
  bool IsTrue() const;  // the boolean true
  bool IsObject() const { return std::holds_alternative<Object>(value_); }
  bool IsArray() const { return std::holds_alternative<Array>(value_); }

  // Writing. Each aborts on a value of another kind: a broken invariant, not bad input.
  Json& Set(std::string name, Json value);  // replaces a member of that name; returns *this
  Json& Add(Json value);                    // appends to an array; returns *this

  // Reading. Code::kJsonInvalid names the member that is missing or of another kind.
  const Json* Find(std::string_view name) const;  // nullptr where absent or not an object
  Result<std::string> Text(std::string_view name) const;
  Result<std::int64_t> Integer(std::string_view name) const;
  Result<bool> Boolean(std::string_view name) const;
  Result<Bytes> Hex(std::string_view name) const;  // a text member in hexadecimal
  Result<const Array*> List(std::string_view name) const;
  Result<const Json*> Sub(std::string_view name) const;
  Result<std::string> AsText() const;
  Result<std::int64_t> AsInteger() const;
  const Array& Elements() const;  // empty where this is no array
  const Object& Members() const;  // empty where this is no object

 private:
  void Write(std::string& out, bool indent, std::size_t level) const;

  std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object> value_;
};

}  // namespace keyferry
