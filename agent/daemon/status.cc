// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/status.h"

#include <utility>

namespace keyferry::daemon {
namespace {

Json WorkerJson(const WorkerView& view) {
  const channel::WorkerState& state = view.state;
  Json json = Json::EmptyObject();
  json.Set("reachable", view.reachable);
  json.Set("condition", view.reachable ? Name(state.condition) : std::string_view("not-running"));
  json.Set("code", view.reachable ? state.code : std::string(Name(Code::kWorkerNotRunning)));
  json.Set("message", view.reachable ? state.message : view.error);
  json.Set("token_label", state.token_label).Set("token_serial", state.token_serial);
  json.Set("token_model", state.token_model).Set("executed", state.executed).Set("objects", state.objects);
  json.Set("last_sequence", state.last_sequence).Set("recovered_sessions", state.recovered_sessions);
  json.Set("recovered_logins", state.recovered_logins).Set("recovered_modules", state.recovered_modules);
  return json;
}

std::uint32_t ServingGeneration(const record::Record& record) {
  std::uint32_t highest = 0;
  for (const auto& generation : record.generations) {
    if (generation.serving && generation.number > highest) highest = generation.number;
  }
  return highest;
}

// What a domain's own state makes worth a warning.
void WarnOf(const DomainEntry& domain, const WorkerView& view, Json& warnings) {
  const std::string name = "domain " + domain.name + ": ";
  if (domain.trouble) warnings.Add(name + domain.trouble->OneLine());
  if (!domain.record && !domain.trouble) {
    warnings.Add(name + "not bootstrapped: nothing is accepted [" + std::string(Name(Code::kNotBootstrapped)) + "]; " +
                 std::string(NextStepOf(Code::kNotBootstrapped)));
  }
  if (!view.reachable) warnings.Add(name + "its worker is not running");
  if (view.reachable && view.separation == wire::Separation::kNone) {
    warnings.Add(name + "daemon and worker run as the same user");
  }
  if (domain.record && !domain.record->template_enforced) {
    warnings.Add(name + "the token does not enforce CKA_UNWRAP_TEMPLATE");
  }
}

}  // namespace

Json StatusService::Domain(const DomainEntry& domain) const {
  const WorkerView view = board_.Worker(domain.name);
  Json json = Json::EmptyObject();
  json.Set("name", domain.name).Set("bootstrapped", domain.record.has_value());
  json.Set("domain", domain.record ? Json(HexEncode(domain.record->domain)) : Json());
  json.Set("generation", domain.record ? Json(ServingGeneration(*domain.record)) : Json());
  const auto stopped = board_.StopOf(domain.name);
  json.Set("stopped", stopped ? Json(Name(stopped->code())) : Json());
  json.Set("worker", WorkerJson(view));
  const DomainCounters counters = domain.record ? board_.Counters(domain.record->domain) : DomainCounters{};
  json.Set("queue", std::uint64_t{counters.queue}).Set("queue_limit", std::uint64_t{domain.queue});
  json.Set("accepted", counters.accepted).Set("concluded", counters.concluded).Set("refused", counters.refused);
  json.Set("last_delivery", counters.last_delivery == 0 ? Json() : Json(FormatTime(counters.last_delivery)));
  json.Set("separation", view.separation == wire::Separation::kUsers ? "users" : "none");
  json.Set("template_enforced", domain.record ? Json(domain.record->template_enforced) : Json());
  return json;
}

std::string StatusService::Status() {
  const auto roster = roster_.Get();
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.Monotonic() - facts_.started);
  Json json = Json::EmptyObject();
  json.Set("version", facts_.version).Set("agent", HexEncode(facts_.agent)).Set("channel_key", facts_.channel_key);
  json.Set("listen", facts_.endpoint).Set("uptime_seconds", std::int64_t{uptime.count()});
  json.Set("clock_behind", clock_behind_());
  Json domains = Json::EmptyArray();
  Json warnings = Json::EmptyArray();
  for (const auto& domain : roster->domains) {
    domains.Add(Domain(domain));
    WarnOf(domain, board_.Worker(domain.name), warnings);
  }
  for (auto& warning : board_.Warnings()) warnings.Add(std::move(warning));
  if (clock_behind_()) warnings.Add("the clock is behind a time that was seen before: dated bundles wait");
  json.Set("domains", std::move(domains)).Set("warnings", std::move(warnings));
  return json.Dump();
}

}  // namespace keyferry::daemon
