// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/pin.h"

#include "agent/cli/config.h"
#include "agent/cli/render.h"
#include "protocol/base/file.h"
#include "protocol/base/json.h"
#include "protocol/channel/channel.h"
#include "targets/cryptoki/pin_latch.h"

namespace keyferry::cli {
namespace {

constexpr std::chrono::seconds kDeadline(10);

Result<settings::WorkerSettings> FindWorker(const std::string& path, const std::string& domain) {
  KF_TRY(const settings::FileKind kind, settings::KindOf(path));
  if (kind == settings::FileKind::kWorker) {
    KF_TRY(auto worker, settings::LoadWorker(path));
    if (domain.empty() || worker.domain_name == domain) return worker;
    return std::unexpected(Error::Make(
        Code::kUsage, "'" + path + "' is the worker of domain '" + worker.domain_name + "', not of '" + domain + "'"));
  }
  KF_TRY(const auto agent, settings::LoadAgent(path));
  std::string names;
  for (const auto& entry : agent.domains) {
    if (entry.name == domain || (domain.empty() && agent.domains.size() == 1)) {
      return settings::LoadWorker(entry.worker_settings);
    }
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  const std::string what = domain.empty() ? "there are several domains" : "there is no domain '" + domain + "'";
  return std::unexpected(Error::Make(Code::kUsage, what).NextStep("name one with --domain: " + names));
}

// The lock keeps a worker from starting, and from writing the latch's file, meanwhile.
Status OpenUnderLock(const settings::WorkerSettings& worker) {
  KF_TRY(const LockFile lock, LockFile::Acquire(settings::TokenLockPath(worker)));
  return cryptoki::PinLatch(settings::LatchPath(worker)).Open();
}

}  // namespace

Result<ExitCode> RetryPin(const std::string& settings_path, const std::string& domain, bool json) {
  KF_TRY(const auto worker, FindWorker(settings_path, domain));
  Status opened = channel::WorkerClient(worker.socket).OpenLatch(kDeadline);
  const bool running = opened.has_value() || opened.error().code() != Code::kWorkerNotRunning;
  if (!running) opened = OpenUnderLock(worker);
  KF_CHECK_WITH(std::move(opened), "opening the PIN latch of domain '" + worker.domain_name + "'");
  std::string text = "The PIN latch of domain '" + worker.domain_name + "' is open. " +
                     (running ? "Its worker tries the PIN once." : "Its worker tries the PIN once when it is started.");
  if (json) {
    Json result = Json::EmptyObject();
    result.Set("format", "keyferry-pin/1").Set("domain", worker.domain_name).Set("latch", "open");
    text = result.Set("worker_running", running).Dump();
  }
  Say(std::move(text));
  return ExitCode::kOk;
}

}  // namespace keyferry::cli
