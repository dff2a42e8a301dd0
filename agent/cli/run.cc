// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/run.h"

#include <filesystem>
#include <optional>

#include "agent/cli/config.h"
#include "agent/cli/render.h"
#include "agent/cli/supervisor.h"
#include "protocol/base/file.h"
#include "protocol/base/json.h"
#include "protocol/base/log.h"
#include "protocol/channel/channel.h"

namespace keyferry::cli {
namespace {

constexpr std::chrono::seconds kAnswer(1);
constexpr int kFirst = 0;  // the daemon takes nothing more in before the workers go
constexpr int kThen = 1;

Result<std::string> OwnDirectory() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) return path.parent_path().string();
  return std::unexpected(Error::Caused(Code::kSystem, "cannot find this program's own directory", error.message()));
}

Result<std::vector<Program>> ProgramsFor(const AllSettings& all) {
  KF_TRY(const std::string directory, OwnDirectory());
  const std::string daemon = directory + "/keyferryd";
  const std::string worker = directory + "/keyferry-worker";
  for (const auto& path : {daemon, worker}) {
    if (!Exists(path)) return std::unexpected(Error::Make(Code::kFileMissing, "the program '" + path + "' is missing"));
  }
  std::vector<Program> programs;
  programs.reserve(all.workers.size() + 1);
  for (const auto& settings : all.workers) {
    programs.push_back({.name = "keyferry-worker " + settings.domain_name,
                        .arguments = {worker, "--settings", settings.path},
                        .stop_rank = kThen});
  }
  programs.push_back({.name = "keyferryd", .arguments = {daemon, "--settings", all.agent.path}, .stop_rank = kFirst});
  return programs;
}

// "payments serving, stores not-bootstrapped" once every worker has told its condition.
std::optional<std::string> Conditions(const std::string& status) {
  const auto json = Json::Parse(status);
  if (!json) return std::nullopt;
  const Json* domains = json->Find("domains");
  if (domains == nullptr) return std::nullopt;
  std::string text;
  for (const auto& domain : domains->Elements()) {
    const Json* worker = domain.Find("worker");
    const std::string condition = worker == nullptr ? "" : worker->Text("condition").value_or("");
    if (condition.empty() || condition == "starting" || condition == "not-running") return std::nullopt;
    text += (text.empty() ? "" : ", ") + domain.Text("name").value_or("?") + " " + condition;
  }
  return text;
}

bool SayWhenReady(const settings::AgentSettings& agent) {
  const auto status = channel::AskStatus(settings::ControlSocketPath(agent), kAnswer);
  if (!status) return false;
  const auto conditions = Conditions(*status);
  if (!conditions) return false;
  Say("keyferry: ready on " + agent.listen + ": " + *conditions);
  return true;
}

LogLevel LevelFrom(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

}  // namespace

Result<ExitCode> RunAgent(const std::string& settings_path) {
  KF_TRY(const AllSettings all, LoadAll(settings_path));
  StartLog("keyferry", LevelFrom(all.agent.log_level));
  KF_TRY(auto programs, ProgramsFor(all));
  // A second one would start forever again what the first one runs.
  KF_CHECK(MakeDirectories(all.agent.run_dir, 0755));
  KF_TRY(const LockFile lock, LockFile::Acquire(all.agent.run_dir + "/run.lock"));
  KF_TRY(StopSignal signal, StopSignal::Make());
  Supervisor supervisor(std::move(programs), Pace{});
  KF_CHECK(supervisor.Run(signal, [&] { return SayWhenReady(all.agent); }));
  return ExitCode::kOk;
}

}  // namespace keyferry::cli
