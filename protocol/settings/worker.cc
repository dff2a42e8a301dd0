// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <array>

#include "protocol/settings/nearest.h"
#include "protocol/settings/reader.h"
#include "protocol/settings/settings.h"

namespace keyferry::settings {
namespace {

constexpr std::int64_t kSocketMost = 107;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;

constexpr std::array kKeyTypes = {KeyType::kAes, KeyType::kGenericSecret, KeyType::kRsa,
                                  KeyType::kEc,  KeyType::kEd25519,       KeyType::kX509};
constexpr std::array kOperations = {Operation::kInstall, Operation::kUpdate, Operation::kDelete, Operation::kRollback};

template <typename Values>
std::string CheckNamed(std::string_view text, const Values& values) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto value : values) {
    if (keyferry::Name(value) == text) return "";
    names.push_back(keyferry::Name(value));
    list += (list.empty() ? "" : ", ") + std::string(names.back());
  }
  const auto nearest = Nearest(text, names);
  return "is not one of " + list + (nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?");
}

std::string CheckKeyType(std::string_view text) { return CheckNamed(text, kKeyTypes); }
std::string CheckOperation(std::string_view text) { return CheckNamed(text, kOperations); }
std::string CheckTargetKind(std::string_view text) { return text == "hsm" ? "" : "is no kind of target; known: hsm"; }
std::string CheckUri(std::string_view text) {
  constexpr std::string_view kScheme = "pkcs11:";
  if (!text.starts_with(kScheme) || text.size() == kScheme.size()) {
    return "must be a PKCS#11 URI (RFC 7512), as \"pkcs11:token=LABEL;serial=SERIAL\"";
  }
  // Words of a PIN in a settings file would be readable by whoever reads the settings.
  const bool pin =
      text.find("pin-value") != std::string_view::npos || text.find("pin-source") != std::string_view::npos;
  return pin ? "must not name a PIN; that goes into token.pin_file" : "";
}
std::string CheckSigner(std::string_view text) {
  return !text.empty() && text.size() <= 64 ? "" : "must be a signer's name of 1 to 64 characters, or 'default'";
}
std::string CheckUser(std::string_view text) {
  const bool fine = text.size() <= 32 && text.find_first_of(" :/,") == std::string_view::npos;
  return fine ? "" : "is not the name of a user";
}

constexpr Rule kRules[] = {
    {.key = "worker", .kind = Kind::kTable, .required = true},
    {.key = "worker.domain", .check = CheckName, .kind = Kind::kText, .required = true},
    {.key = "worker.state_dir", .kind = Kind::kPath, .required = true},
    {.key = "worker.socket", .most = kSocketMost, .kind = Kind::kPath, .required = true},
    {.key = "worker.daemon_user", .check = CheckUser, .kind = Kind::kText},
    {.key = "worker.log_level", .check = CheckLogLevel, .kind = Kind::kText},
    {.key = "token", .kind = Kind::kTable, .required = true},
    {.key = "token.module", .kind = Kind::kPath, .required = true},
    {.key = "token.module_config", .kind = Kind::kText},
    {.key = "token.uri", .check = CheckUri, .kind = Kind::kText, .required = true, .hidden = true},
    {.key = "token.pin_file", .kind = Kind::kPath},
    {.key = "token.accept_unenforced_template", .kind = Kind::kBoolean},
    {.key = "token.exclusive", .kind = Kind::kBoolean},
    {.key = "token.call_deadline", .least = kSecond, .most = 10 * kMinute, .kind = Kind::kDuration},
    {.key = "target", .kind = Kind::kTable, .required = true},
    {.key = "target.*", .check = CheckName, .kind = Kind::kTable, .required = true},
    {.key = "target.*.kind", .check = CheckTargetKind, .kind = Kind::kText, .required = true},
    {.key = "target.*.overlap", .least = 0, .most = 10 * kMinute, .kind = Kind::kDuration},
    {.key = "target.*.keep_previous", .kind = Kind::kBoolean},
    {.key = "policy", .kind = Kind::kTable, .required = true},
    {.key = "policy.*", .check = CheckSigner, .kind = Kind::kTable, .required = true},
    {.key = "policy.*.label_prefixes", .kind = Kind::kTextList, .required = true},
    {.key = "policy.*.key_types", .check = CheckKeyType, .kind = Kind::kTextList, .required = true},
    {.key = "policy.*.operations", .check = CheckOperation, .kind = Kind::kTextList, .required = true},
};

TokenSettings ReadToken(const Node& table, const std::string& path) {
  TokenSettings token;
  token.module = PathOf(table, "module", path);
  token.module_config = TextOf(table, "module_config");
  token.uri = TextOf(table, "uri");
  token.pin_file = PathOf(table, "pin_file", path);
  token.accept_unenforced_template = BooleanOf(table, "accept_unenforced_template", false);
  token.exclusive = BooleanOf(table, "exclusive", false);
  token.call_deadline = DurationOf(table, "call_deadline", token.call_deadline);
  return token;
}

TargetSettings ReadTarget(const std::string& name, const Node& table) {
  TargetSettings target{.name = name, .kind = TextOf(table, "kind")};
  target.overlap = DurationOf(table, "overlap", target.overlap);
  target.keep_previous = BooleanOf(table, "keep_previous", true);
  return target;
}

Result<SignerPolicy> ReadPolicy(const Node& table) {
  SignerPolicy policy{.label_prefixes = TextListOf(table, "label_prefixes"), .key_types = {}, .operations = {}};
  for (const auto& name : TextListOf(table, "key_types")) {
    KF_TRY(const KeyType type, KeyTypeFromName(name));
    policy.key_types.push_back(type);
  }
  for (const auto& name : TextListOf(table, "operations")) {
    KF_TRY(const Operation operation, OperationFromName(name));
    policy.operations.push_back(operation);
  }
  return policy;
}

}  // namespace

Result<WorkerSettings> LoadWorker(const std::string& path) {
  KF_TRY(const Node root, ReadChecked(path, kRules));
  const Node& worker = *root.Find("worker");
  WorkerSettings settings{.path = path,
                          .domain_name = TextOf(worker, "domain"),
                          .state_dir = PathOf(worker, "state_dir", path),
                          .socket = PathOf(worker, "socket", path),
                          .daemon_user = TextOf(worker, "daemon_user"),
                          .log_level = TextOf(worker, "log_level", "info"),
                          .token = ReadToken(*root.Find("token"), path),
                          .targets = {},
                          .policies = {}};
  for (const auto& [name, place, table] : root.Find("target")->members) {
    settings.targets.push_back(ReadTarget(name, table));
  }
  for (const auto& [name, place, table] : root.Find("policy")->members) {
    KF_TRY(settings.policies[name], ReadPolicy(table));
  }
  return settings;
}

std::vector<std::string> KnownWorkerKeys() { return KeysOf(kRules); }

}  // namespace keyferry::settings
