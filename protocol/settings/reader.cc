// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/reader.h"

#include <algorithm>
#include <array>

#include "protocol/base/file.h"
#include "protocol/settings/duration.h"
#include "protocol/settings/nearest.h"
#include "protocol/settings/settings.h"

namespace keyferry::settings {
namespace {

constexpr std::size_t kFileMost = 1U << 20U;

}  // namespace

Result<Node> ReadToml(const std::string& path) {
  KF_TRY_WITH(const Bytes octets, ReadFile(path, kFileMost), "settings");
  const std::string text(octets.begin(), octets.end());
  return ParseToml(text, path);
}

Result<Node> ReadChecked(const std::string& path, std::span<const Rule> rules) {
  KF_TRY(Node root, ReadToml(path));
  KF_CHECK(CheckSchema(root, rules, path));
  return root;
}

Result<FileKind> KindOf(const std::string& path) {
  KF_TRY(const Node root, ReadToml(path));
  const bool worker = root.Find("worker") != nullptr || root.Find("token") != nullptr;
  return worker ? FileKind::kWorker : FileKind::kAgent;
}

std::string TextOf(const Node& table, std::string_view key, std::string_view fallback) {
  const Node* found = table.Find(key);
  return found == nullptr ? std::string(fallback) : found->text;
}

std::string PathOf(const Node& table, std::string_view key, const std::string& settings_path,
                   std::string_view fallback) {
  const std::string text = TextOf(table, key, fallback);
  return text.empty() ? text : Resolve(settings_path, text);
}

bool BooleanOf(const Node& table, std::string_view key, bool fallback) {
  const Node* found = table.Find(key);
  return found == nullptr ? fallback : found->boolean;
}

std::int64_t IntegerOf(const Node& table, std::string_view key, std::int64_t fallback) {
  const Node* found = table.Find(key);
  return found == nullptr ? fallback : found->integer;
}

std::chrono::milliseconds DurationOf(const Node& table, std::string_view key, std::chrono::milliseconds fallback) {
  const Node* found = table.Find(key);
  return found == nullptr ? fallback : ParseDuration(found->text).value_or(fallback);
}

std::vector<std::string> TextListOf(const Node& table, std::string_view key) {
  std::vector<std::string> texts;
  const Node* found = table.Find(key);
  if (found == nullptr) return texts;
  for (const auto& element : found->elements) texts.push_back(element.text);
  return texts;
}

std::vector<std::string> KeysOf(std::span<const Rule> rules) {
  std::vector<std::string> keys;
  for (const auto& rule : rules) {
    if (rule.kind != Kind::kTable) keys.emplace_back(rule.key);
  }
  return keys;
}

std::string CheckName(std::string_view text) {
  const bool letters =
      std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (letters && !text.empty() && text.size() <= 32) return "";
  return "must be 1 to 32 of a-z, 0-9 and '-'";
}

std::string CheckLogLevel(std::string_view text) {
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
  if (std::ranges::find(kLevels, text) != kLevels.end()) return "";
  const auto nearest = Nearest(text, {kLevels.begin(), kLevels.end()});
  if (nearest.empty()) return "is not one of debug, info, warning, error";
  return "is not one of debug, info, warning, error; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace keyferry::settings
