// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/status.h"

#include <algorithm>

#include "agent/cli/render.h"
#include "protocol/channel/channel.h"
#include "protocol/settings/settings.h"

namespace keyferry::cli {
namespace {

constexpr std::chrono::seconds kDeadline(5);

// Members that an older or newer daemon does not give are shown as "-".
std::string Word(const Json& json, std::string_view name) {
  const Json* found = json.Find(name);
  if (found == nullptr || found->IsNull()) return "-";
  if (auto text = found->AsText()) return text->empty() ? "-" : Printable(*text, 80);
  return found->Dump();
}

std::int64_t Number(const Json& json, std::string_view name) { return json.Integer(name).value_or(0); }
bool Yes(const Json& json, std::string_view name) { return json.Boolean(name).value_or(false); }

const Json& WorkerOf(const Json& domain) {
  static const Json kNone = Json::EmptyObject();
  const Json* worker = domain.Find("worker");
  return worker == nullptr ? kNone : *worker;
}

const Json::Array& Domains(const Json& daemon) {
  static const Json::Array kNone;
  const Json* domains = daemon.Find("domains");
  return domains == nullptr ? kNone : domains->Elements();
}

// What a worker's condition asks of an operator; empty where it is well.
std::string_view Trouble(std::string_view condition) {
  if (condition == "latched") return "its PIN was refused; no further try is made until: keyferry pin retry";
  if (condition == "stopped") return "its worker has stopped work and waits for an operator";
  if (condition == "hsm-away") return "its HSM is away; bundles wait, and the worker tries again by itself";
  return "";
}

int Urgency(std::string_view condition) {
  if (condition == "latched") return 0;
  return condition == "stopped" ? 1 : 2;
}

struct Ranked {
  int urgency;
  std::string text;
};

void AddDomainWarnings(const Json& domain, std::vector<Ranked>& warnings) {
  const std::string name = "domain " + Word(domain, "name") + ": ";
  const Json& worker = WorkerOf(domain);
  const std::string condition = Word(worker, "condition");
  if (const auto trouble = Trouble(condition); !trouble.empty()) {
    std::string text = name + std::string(trouble);
    const std::string message = worker.Text("message").value_or("");
    if (!message.empty()) text += "\n" + message;
    warnings.push_back({.urgency = Urgency(condition), .text = std::move(text)});
  }
  const std::int64_t queue = Number(domain, "queue");
  const std::int64_t limit = Number(domain, "queue_limit");
  if (limit > 0 && queue * 5 >= limit * 4) {
    warnings.push_back({.urgency = 3,
                        .text = name + std::to_string(queue) + " of " + std::to_string(limit) +
                                " bundles wait; beyond that the KMS is answered \"busy\""});
  }
}

std::string Template(const Json& domain) {
  const Json* enforced = domain.Find("template_enforced");
  if (enforced == nullptr || enforced->IsNull()) return "-";
  return Yes(domain, "template_enforced") ? "enforced" : "NOT enforced";
}

std::string DomainTables(const Json& daemon) {
  Table work({"domain", "worker", "token", "queue", "accepted", "concluded", "refused", "last delivery"});
  Table facts({"domain", "id", "generation", "serial", "template", "separation", "objects"});
  for (const auto& domain : Domains(daemon)) {
    const Json& worker = WorkerOf(domain);
    work.Add({Word(domain, "name"), Word(worker, "condition"), Word(worker, "token_label"),
              Word(domain, "queue") + "/" + Word(domain, "queue_limit"), Word(domain, "accepted"),
              Word(domain, "concluded"), Word(domain, "refused"), Word(domain, "last_delivery")});
    facts.Add({Word(domain, "name"), Word(domain, "domain"), Word(domain, "generation"), Word(worker, "token_serial"),
               Template(domain), Word(domain, "separation"), Word(worker, "objects")});
  }
  return work.Text() + "\n" + facts.Text();
}

}  // namespace

std::vector<std::string> StatusWarnings(const Json& daemon) {
  std::vector<Ranked> ranked;
  for (const auto& domain : Domains(daemon)) AddDomainWarnings(domain, ranked);
  std::ranges::stable_sort(ranked, {}, &Ranked::urgency);
  std::vector<std::string> warnings;
  warnings.reserve(ranked.size());
  for (auto& [urgency, text] : ranked) warnings.push_back(std::move(text));
  if (const Json* given = daemon.Find("warnings"); given != nullptr) {
    for (const auto& warning : given->Elements()) warnings.push_back(warning.AsText().value_or(warning.Dump()));
  }
  return warnings;
}

Json StatusJson(const Json& daemon) {
  Json json = Json::EmptyObject();
  json.Set("format", "keyferry-status/1");
  for (const auto& [name, value] : daemon.Members()) json.Set(name, value);
  Json warnings = Json::EmptyArray();
  for (auto& warning : StatusWarnings(daemon)) warnings.Add(std::move(warning));
  json.Set("warnings", std::move(warnings));
  return json;
}

std::string StatusText(const Json& daemon) {
  std::string text;
  for (const auto& warning : StatusWarnings(daemon)) text += "WARNING: " + Indented(warning, 9) + "\n";
  if (!text.empty()) text += "\n";
  text += "keyferryd " + Word(daemon, "version") + ", up " + SpanText(Number(daemon, "uptime_seconds")) +
          ", listening on " + Word(daemon, "listen") + "\n";
  text += "agent " + Word(daemon, "agent") + ", channel key " + Word(daemon, "channel_key") + "\n\n";
  return text + DomainTables(daemon);
}

ExitCode StatusExitCode(const Json& daemon) {
  const auto any = [&](auto&& holds) { return std::ranges::any_of(Domains(daemon), holds); };
  const auto worker_is = [&](std::string_view condition) {
    return any([&](const Json& domain) { return Word(WorkerOf(domain), "condition") == condition; });
  };
  if (any([](const Json& domain) { return !Yes(domain, "bootstrapped"); })) return ExitCode::kNotBootstrapped;
  if (any([](const Json& domain) { return Word(domain, "stopped") == Name(Code::kSequenceDiverged); })) {
    return ExitCode::kStaleOrReplayed;
  }
  if (worker_is("latched")) return ExitCode::kCredentialRefused;
  if (worker_is("hsm-away")) return ExitCode::kHsmUnreachable;
  if (worker_is("stopped") || worker_is("not-running")) return ExitCode::kFailure;
  return ExitCode::kOk;
}

Result<ExitCode> ShowStatus(const std::string& settings_path, bool json) {
  KF_TRY(const auto agent, settings::LoadAgent(settings_path));
  KF_TRY_WITH(const std::string answer, channel::AskStatus(settings::ControlSocketPath(agent), kDeadline),
              "asking the daemon for its status");
  KF_TRY(const Json daemon, Json::Parse(answer));
  Say(json ? StatusJson(daemon).Dump(true) : StatusText(daemon));
  return StatusExitCode(daemon);
}

}  // namespace keyferry::cli
