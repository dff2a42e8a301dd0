// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "agent/daemon/daemon.h"
#include "protocol/base/crypto.h"
#include "protocol/base/log.h"
#include "protocol/base/process.h"
#include "protocol/settings/settings.h"

namespace {

using namespace keyferry;

constexpr std::string_view kHelp =
    "keyferryd --settings FILE\n"
    "\n"
    "The agent: accepts sealed key bundles, keeps them until the domain's worker has executed them, answers with "
    "signed\n"
    "receipts. Runs in the foreground until SIGTERM. FILE: see deploy/keyferry.toml.\n";

int Fail(const Error& error) {
  std::cerr << error.ThreeLines() << '\n';
  return static_cast<int>(ExitCodeOf(error.code()));
}

// A small process: one heap for all threads, large blocks go back to the system, small stacks, those of libraries too.
void BoundMemory() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)  // which need more than that for themselves
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 * 1024);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
#endif
}

LogLevel LevelFrom(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

Status Serve(const std::string& settings_path, StopSignal& signal) {
  KF_TRY(const settings::AgentSettings settings, settings::LoadAgent(settings_path));
  StartLog("keyferryd", LevelFrom(settings.log_level));
  const SystemClock clock;
  KF_TRY(const auto daemon, daemon::Daemon::Make(settings, clock));
  const Status served = daemon->Run(signal);
  if (daemon->MustExitAtOnce()) _exit(served ? 0 : Fail(served.error()));
  return served;
}

}  // namespace

int main(int argc, char** argv) {
  if (const Status hardened = HardenProcess(); !hardened) return Fail(hardened.error());
  BoundMemory();
  InitCrypto();
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (argc == 2 && std::string_view(arguments[1]) == "--help") {
    std::cout << kHelp;
    return 0;
  }
  if (argc == 2 && std::string_view(arguments[1]) == "--version") {
    std::cout << "keyferryd " << KEYFERRY_VERSION << '\n';
    return 0;
  }
  if (argc != 3 || std::string_view(arguments[1]) != "--settings") {
    return Fail(Error::Make(Code::kUsage, "keyferryd takes --settings FILE and nothing else"));
  }
  auto signal = StopSignal::Make();
  if (!signal) return Fail(signal.error());
  const Status served = Serve(arguments[2], *signal);
  return served ? 0 : Fail(served.error());
}
