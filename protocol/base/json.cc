// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/json.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace keyferry {
namespace {

Error Bad(std::string what) { return Error::Make(Code::kJsonInvalid, std::move(what)); }

std::string PlaceOf(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, std::min(position == 0 ? 0 : position - 1, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto last = before.rfind('\n');
  const std::size_t column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// Builds the value from the parser's events, so that what is not allowed is refused before anything is built of it.
class Builder {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  Builder(std::string_view text, int depth) : text_(text), depth_(depth) {}

  bool null() { return Take(Json()); }
  bool boolean(bool value) { return Take(Json(value)); }
  bool number_integer(std::int64_t value) { return Take(Json(value)); }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return Refuse("a number is too large");
    }
    return Take(Json(value));
  }
  bool number_float(double /*value*/, const std::string& /*text*/) {
    return Refuse("a number is no integer, or too large");
  }
  bool string(std::string& value) { return Take(Json(std::move(value))); }
  bool binary(binary_t& /*value*/) { return Refuse("binary data does not belong here"); }
  bool start_object(std::size_t /*size*/) { return Enter(true); }
  bool start_array(std::size_t /*size*/) { return Enter(false); }
  bool key(std::string& name) {
    if (!levels_.back().names.insert(name).second) return Refuse("member '" + Printable(name) + "' stands there twice");
    levels_.back().members.emplace_back(std::move(name), Json());
    return true;
  }
  bool end_object() { return Leave(); }
  bool end_array() { return Leave(); }
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::json::exception& /*error*/) {
    problem_ = "JSON is wrong at " + PlaceOf(text_, position);
    return false;
  }

  Json& value() { return value_; }
  const std::string& problem() const { return problem_; }

 private:
  struct Level {
    bool is_object = false;
    Json::Object members;
    Json::Array elements;
    std::set<std::string> names;
  };

  bool Take(Json value) {
    if (levels_.empty()) {
      value_ = std::move(value);
    } else if (levels_.back().is_object) {
      levels_.back().members.back().second = std::move(value);
    } else {
      levels_.back().elements.push_back(std::move(value));
    }
    return true;
  }

  bool Enter(bool is_object) {
    if (levels_.size() >= static_cast<std::size_t>(std::max(depth_, 0))) {
      return Refuse("more than " + std::to_string(depth_) + " levels");
    }
    levels_.emplace_back();
    levels_.back().is_object = is_object;
    return true;
  }

  bool Leave() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return Take(level.is_object ? Json(std::move(level.members)) : Json(std::move(level.elements)));
  }

  bool Refuse(const std::string& reason) {
    std::string path;
    for (const Level& level : levels_) {
      if (!level.is_object) {
        path += "/" + std::to_string(level.elements.size());
      } else if (!level.members.empty()) {
        path += "/" + Printable(level.members.back().first, 40);
      }
    }
    problem_ = "JSON at '" + (path.empty() ? "/" : path) + "': " + reason;
    return false;
  }

  std::string_view text_;
  int depth_;
  std::vector<Level> levels_;
  Json value_;
  std::string problem_;
};

}  // namespace

Result<Json> Json::Parse(std::string_view text, int depth) {
  // The parser would skip a byte order mark; RFC 8259 section 8.1 forbids to write one.
  if (text.starts_with("\xEF\xBB\xBF")) return std::unexpected(Bad("JSON begins with a byte order mark"));
  // A zero octet would end the parser's reading, and hide whatever follows it.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    return std::unexpected(Bad("JSON is wrong at " + PlaceOf(text, zero + 1)));
  }
  try {
    Builder builder(text, depth);
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return std::unexpected(Bad(builder.problem()));
    return std::move(builder.value());
  } catch (const std::exception& error) {
    return std::unexpected(Error::Caused(Code::kJsonInvalid, "cannot parse JSON", Printable(error.what())));
  }
}

}  // namespace keyferry
