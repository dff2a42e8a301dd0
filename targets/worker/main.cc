// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0
//
// keyferry-worker: one trust domain, one token (see --help).

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/base/file.h"
#include "protocol/base/log.h"
#include "protocol/base/process.h"
#include "protocol/channel/channel.h"
#include "protocol/settings/settings.h"
#include "targets/worker/worker.h"

namespace keyferry::worker {
namespace {

constexpr std::string_view kHelp =
    "keyferry-worker --settings FILE\n"
    "\n"
    "Serves one trust domain: opens its token, verifies every bundle again, loads its keys, signs what it did.\n"
    "Listens on the Unix socket that the settings name, for keyferryd. SIGTERM ends it after the bundle in hand.\n"
    "The PIN comes from the file that the settings name, or from $CREDENTIALS_DIRECTORY/pin.\n"
    "\n"
    "  --settings FILE   settings of this domain (deploy/worker.toml is the manual)\n"
    "  --help            this text\n";

LogLevel LevelOf(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

// The daemon's user and primary group.
Result<passwd> FindUser(const std::string& name) {
  const passwd* user = getpwnam(name.c_str());
  if (user == nullptr) {
    return std::unexpected(Error::Make(Code::kSettingsInvalid, "daemon_user '" + Printable(name) + "' is not a user"));
  }
  return *user;
}

// The socket for the daemon: for this user alone, or for the group of the daemon's user.
Result<channel::Listener> Listen(const settings::WorkerSettings& settings, std::vector<unsigned>& users) {
  if (settings.daemon_user.empty()) return channel::Listener::Bind(settings.socket, 0600);
  KF_TRY(const passwd user, FindUser(settings.daemon_user));
  users.push_back(user.pw_uid);
  if (user.pw_uid == geteuid()) return channel::Listener::Bind(settings.socket, 0600);
  KF_TRY(auto listener, channel::Listener::Bind(settings.socket, 0660));
  if (chown(settings.socket.c_str(), static_cast<uid_t>(-1), user.pw_gid) != 0) {
    return std::unexpected(
        Error::FromErrno(Code::kFileUnwritable,
                         "giving '" + settings.socket + "' to the group of '" + Printable(settings.daemon_user) + "'")
            .NextStep("make this worker's user a member of that group"));
  }
  return listener;
}

Status Run(const std::string& settings_path) {
  KF_CHECK(HardenProcess());
  KF_TRY(const auto settings, settings::LoadWorker(settings_path));
  StartLog("keyferry-worker", LevelOf(settings.log_level));
  KF_TRY(const StopSignal stop, StopSignal::Make());
  std::vector<unsigned> users;
  KF_TRY(auto listener, Listen(settings, users));
  KF_CHECK_WITH(MakeDirectories(settings.state_dir, record::kStateDirectoryMode), "state_dir");
  SystemClock clock;
  Worker worker(settings, clock);
  worker.Start();
  const Status served = channel::ServeWorker(listener, worker, users, stop.fd());
  worker.Stop();
  Log(LogLevel::kInfo, "stopped", {{"domain", settings.domain_name}});
  return served;
}

int Main(std::span<char*> arguments) {
  const std::string_view first = arguments.size() > 1 ? arguments[1] : "";
  if (first == "--help" && arguments.size() == 2) {
    std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
    return static_cast<int>(ExitCode::kOk);
  }
  if (first != "--settings" || arguments.size() != 3) {
    std::fwrite(kHelp.data(), 1, kHelp.size(), stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  const Status ran = Run(arguments[2]);
  if (ran) return static_cast<int>(ExitCode::kOk);
  const std::string text = ran.error().ThreeLines() + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return static_cast<int>(ExitCodeOf(ran.error().code()));
}

}  // namespace
}  // namespace keyferry::worker

int main(int argc, char** argv) {
  keyferry::InitCrypto();
  return keyferry::worker::Main(std::span(argv, static_cast<std::size_t>(argc)));
}
