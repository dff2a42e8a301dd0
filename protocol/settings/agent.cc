// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/reader.h"
#include "protocol/settings/settings.h"

namespace keyferry::settings {
namespace {

// The longest path that a Unix socket's address takes, without the end mark.
constexpr std::int64_t kSocketMost = 107;

std::string CheckListen(std::string_view text) {
  constexpr std::string_view kScheme = "tcp://";
  constexpr std::string_view kWrong =
      "must be tcp://ADDRESS:PORT, with an IP address, an interface or '*', and a port of 1 to 65535";
  if (!text.starts_with(kScheme)) return std::string(kWrong);
  const std::string_view rest = text.substr(kScheme.size());
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::string(kWrong);
  const std::string_view address = rest.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']') && address.size() > 2;
  if (!bracketed && address.find_first_of(":/[] ") != std::string_view::npos) return std::string(kWrong);
  const std::string_view digits = rest.substr(colon + 1);
  if (digits.empty() || digits.size() > 5) return std::string(kWrong);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::string(kWrong);
  unsigned port = 0;
  for (const char digit : digits) port = port * 10 + static_cast<unsigned>(digit - '0');
  return port >= 1 && port <= 65535 ? "" : std::string(kWrong);
}

constexpr Rule kRules[] = {
    {.key = "agent", .kind = Kind::kTable, .required = true},
    {.key = "agent.listen", .check = CheckListen, .kind = Kind::kText, .required = true},
    {.key = "agent.state_dir", .kind = Kind::kPath, .required = true},
    {.key = "agent.run_dir", .most = kSocketMost - 13, .kind = Kind::kPath},
    {.key = "agent.log_level", .check = CheckLogLevel, .kind = Kind::kText},
    {.key = "domain", .kind = Kind::kTable, .required = true},
    {.key = "domain.*", .check = CheckName, .kind = Kind::kTable, .required = true},
    {.key = "domain.*.worker_settings", .kind = Kind::kPath, .required = true},
    {.key = "domain.*.queue", .least = 1, .most = 10000, .kind = Kind::kInteger},
};

}  // namespace

Result<AgentSettings> LoadAgent(const std::string& path) {
  KF_TRY(const Node root, ReadChecked(path, kRules));
  const Node& agent = *root.Find("agent");
  AgentSettings settings{.path = path,
                         .state_dir = PathOf(agent, "state_dir", path),
                         .run_dir = PathOf(agent, "run_dir", path, "/run/keyferry"),
                         .listen = TextOf(agent, "listen"),
                         .log_level = TextOf(agent, "log_level", "info"),
                         .domains = {}};
  for (const auto& [name, place, table] : root.Find("domain")->members) {
    settings.domains.push_back({.name = name,
                                .worker_settings = PathOf(table, "worker_settings", path),
                                .queue = static_cast<std::size_t>(IntegerOf(table, "queue", 64))});
  }
  return settings;
}

std::vector<std::string> KnownAgentKeys() { return KeysOf(kRules); }

}  // namespace keyferry::settings
