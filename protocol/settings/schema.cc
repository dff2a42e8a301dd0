// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/schema.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "protocol/base/bytes.h"
#include "protocol/settings/duration.h"
#include "protocol/settings/nearest.h"

namespace keyferry::settings {
namespace {

constexpr std::int64_t kPathMost = 4095;

struct Problem {
  Place place;
  std::string text;
};

std::string Quoted(std::string_view text) { return "'" + Printable(text, 80) + "'"; }

std::string_view Words(Kind kind) {
  switch (kind) {
    case Kind::kTable:
      return "a table";
    case Kind::kText:
      return "a text in quotes";
    case Kind::kPath:
      return "a path in quotes";
    case Kind::kBoolean:
      return "true or false";
    case Kind::kInteger:
      return "a whole number";
    case Kind::kDuration:
      return "a duration in quotes, as \"500ms\", \"1s\", \"10m\" or \"2h\"";
    case Kind::kTextList:
      return "a list of texts";
  }
  return "";
}

Node::Kind Stored(Kind kind) {
  switch (kind) {
    case Kind::kTable:
      return Node::Kind::kTable;
    case Kind::kBoolean:
      return Node::Kind::kBoolean;
    case Kind::kInteger:
      return Node::Kind::kInteger;
    case Kind::kTextList:
      return Node::Kind::kArray;
    case Kind::kText:
    case Kind::kPath:
    case Kind::kDuration:
      break;
  }
  return Node::Kind::kText;
}

std::string_view LastPart(std::string_view key) { return key.substr(key.rfind('.') + 1); }
std::string_view Parent(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

// "domain.*" as people write it: [domain.NAME].
std::string Header(std::string_view key) {
  std::string text(key);
  const auto star = text.find('*');
  if (star != std::string::npos) text.replace(star, 1, "NAME");
  return "[" + text + "]";
}

class Checker {
 public:
  Checker(std::span<const Rule> rules, const std::string& path) : rules_(rules), path_(path) {}

  // `pattern`: the table's key in the rules; `shown`: as it stands in the file.
  void Table(const Node& table, const std::string& pattern, const std::string& shown) {
    for (const auto& member : table.members) {
      const std::string below = shown.empty() ? member.name : shown + "." + member.name;
      const Rule* rule = Named(pattern, member.name);
      if (rule == nullptr) {
        Unknown(member, pattern, shown);
      } else {
        Value(*rule, member, below);
      }
    }
    for (const auto& rule : rules_) {
      if (rule.required && Parent(rule.key) == pattern) Required(rule, table, shown);
    }
  }

  Status Finish() {
    if (problems_.empty()) return {};
    std::ranges::stable_sort(
        problems_, {}, [](const Problem& problem) { return std::tuple(problem.place.line, problem.place.column); });
    const std::string count = problems_.size() == 1 ? "1 error" : std::to_string(problems_.size()) + " errors";
    std::string text = "settings file '" + path_ + "' has " + count + ":";
    for (const auto& [place, what] : problems_) {
      text += "\n  " + path_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + what;
    }
    return std::unexpected(Error::Make(Code::kSettingsInvalid, std::move(text)));
  }

 private:
  void Add(Place place, std::string text) { problems_.push_back({.place = place, .text = std::move(text)}); }

  const Rule* Find(std::string_view key) const {
    const auto found = std::ranges::find(rules_, key, &Rule::key);
    return found == rules_.end() ? nullptr : &*found;
  }

  const Rule* Named(const std::string& pattern, const std::string& name) const {
    const std::string prefix = pattern.empty() ? "" : pattern + ".";
    const Rule* any = Find(prefix + "*");
    if (any != nullptr || name == "*") return any;
    return Find(prefix + name);
  }

  void Required(const Rule& rule, const Node& table, const std::string& shown) {
    const std::string_view name = LastPart(rule.key);
    if (name == "*") {
      if (table.members.empty()) Add(table.place, "at least one table " + Header(rule.key) + " is required");
      return;
    }
    if (table.Find(name) != nullptr) return;
    if (rule.kind != Kind::kTable) {
      Add(table.place, "[" + shown + "] lacks its required key '" + std::string(name) + "'");
    } else if (const Rule* any = Find(std::string(rule.key) + ".*"); any != nullptr) {
      Add(table.place, "at least one table " + Header(any->key) + " is required");
    } else {
      Add(table.place, "the table " + Header(rule.key) + " is required");
    }
  }

  void Unknown(const Node::Member& member, const std::string& pattern, const std::string& shown) {
    std::vector<std::string_view> known;
    const Rule* elsewhere = nullptr;
    for (const auto& rule : rules_) {
      if (Parent(rule.key) == pattern) known.push_back(LastPart(rule.key));
      if (LastPart(rule.key) == member.name) elsewhere = &rule;
    }
    std::string text = shown.empty() ? "unknown table or key " + Quoted(member.name)
                                     : "unknown key " + Quoted(member.name) + " in [" + Printable(shown, 80) + "]";
    const std::string_view nearest = Nearest(member.name, known);
    if (!nearest.empty()) {
      text += "; did you mean '" + std::string(nearest) + "'?";
    } else if (elsewhere != nullptr) {
      text += "; it belongs in " + Header(Parent(elsewhere->key));
    } else {
      text += "; known here:";
      for (const auto name : known) text += (name == known.front() ? " " : ", ") + std::string(name);
    }
    Add(member.place, std::move(text));
  }

  void Value(const Rule& rule, const Node::Member& member, const std::string& shown) {
    const Node& value = member.value;
    if (value.kind != Stored(rule.kind)) {
      Add(value.place, Printable(shown, 80) + " must be " + std::string(Words(rule.kind)));
      return;
    }
    switch (rule.kind) {
      case Kind::kTable:
        if (rule.check != nullptr) Text(rule, member.name, member.place, "the name of [" + Printable(shown, 80) + "]");
        return Table(value, std::string(rule.key), shown);
      case Kind::kInteger:
        if (value.integer < rule.least || value.integer > rule.most) {
          Add(value.place, shown + " is " + std::to_string(value.integer) + "; it must lie between " +
                               std::to_string(rule.least) + " and " + std::to_string(rule.most));
        }
        return;
      case Kind::kTextList:
        return List(rule, value, shown);
      case Kind::kBoolean:
        return;
      case Kind::kText:
      case Kind::kPath:
      case Kind::kDuration:
        return Text(rule, value.text, value.place, shown);
    }
  }

  void List(const Rule& rule, const Node& value, const std::string& shown) {
    if (value.elements.empty()) Add(value.place, shown + " is empty; it must name at least one");
    for (const auto& element : value.elements) {
      if (element.kind == Node::Kind::kText) {
        Text(rule, element.text, element.place, shown);
      } else {
        Add(element.place, shown + " must be " + std::string(Words(rule.kind)));
      }
    }
  }

  void Text(const Rule& rule, const std::string& text, Place place, const std::string& shown) {
    const bool control = std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
    if (control) return Add(place, shown + " contains a control character");
    if (rule.kind == Kind::kPath) return Path(rule, text, place, shown);
    if (rule.kind == Kind::kDuration) return Duration(rule, text, place, shown);
    const std::string wrong = rule.check == nullptr ? "" : rule.check(text);
    if (!wrong.empty()) Add(place, shown + (rule.hidden ? " " : ": " + Quoted(text) + " ") + wrong);
  }

  void Path(const Rule& rule, const std::string& text, Place place, const std::string& shown) {
    if (text.empty()) return Add(place, shown + " is an empty path");
    const std::size_t length = Resolve(path_, text).size();
    const auto most = static_cast<std::size_t>(rule.most == 0 ? kPathMost : rule.most);
    if (length > most) {
      Add(place, shown + " is a path of " + std::to_string(length) + " octets; at most " + std::to_string(most) +
                     " are possible");
    }
  }

  void Duration(const Rule& rule, const std::string& text, Place place, const std::string& shown) {
    const auto duration = ParseDuration(text);
    if (!duration) return Add(place, shown + ": " + Quoted(text) + " is not " + std::string(Words(rule.kind)));
    if (duration->count() < rule.least || duration->count() > rule.most) {
      Add(place, shown + " is " + text + "; it must lie between " +
                     FormatDuration(std::chrono::milliseconds(rule.least)) + " and " +
                     FormatDuration(std::chrono::milliseconds(rule.most)));
    }
  }

  std::span<const Rule> rules_;
  const std::string& path_;
  std::vector<Problem> problems_;
};

}  // namespace

Status CheckSchema(const Node& root, std::span<const Rule> rules, const std::string& path) {
  Checker checker(rules, path);
  checker.Table(root, "", "");
  return checker.Finish();
}

std::string Resolve(const std::string& settings_path, const std::string& value) {
  const std::filesystem::path path(value);
  if (path.is_absolute()) return value;
  return (std::filesystem::path(settings_path).parent_path() / path).lexically_normal().string();
}

}  // namespace keyferry::settings
