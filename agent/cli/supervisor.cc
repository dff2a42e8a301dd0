// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "protocol/base/log.h"

namespace keyferry::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick(100);
constexpr int kNotExecuted = 127;

// In the child, between fork and exec: nothing here may allocate.
[[noreturn]] void Become(char* const* arguments, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (getppid() != parent) _exit(kNotExecuted);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
  execv(arguments[0], arguments);
  _exit(kNotExecuted);
}

// The C library's own header declares its function for C only.
UniqueFd OpenHandle(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = sigabbrev_np(WTERMSIG(status));
    return "killed by SIG" + std::string(name == nullptr ? std::to_string(WTERMSIG(status)) : name);
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Supervisor::Supervisor(std::vector<Program> programs, Pace pace) : pace_(pace) {
  for (auto& program : programs) {
    children_.push_back({.program = std::move(program),
                         .pid = -1,
                         .handle = UniqueFd(),
                         .started = {},
                         .due = steady_clock::now(),
                         .pause = pace.first_pause});
  }
}

Supervisor::~Supervisor() {
  for (auto& child : children_) {
    if (child.pid < 0) continue;
    kill(child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
  }
}

Status Supervisor::Start(Child& child) {
  std::vector<char*> arguments;
  arguments.reserve(child.program.arguments.size() + 1);
  for (auto& argument : child.program.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Become(arguments.data(), parent);
  if (pid < 0) return std::unexpected(Error::FromErrno(Code::kSystem, "cannot start " + child.program.name));
  child.pid = pid;
  child.started = steady_clock::now();
  child.handle = OpenHandle(pid);
  if (!child.handle.valid()) {
    return std::unexpected(Error::FromErrno(Code::kSystem, "cannot watch " + child.program.name));
  }
  Log(LogLevel::kInfo, "started", {{"what", child.program.name}, {"pid", std::int64_t{pid}}});
  return {};
}

Status Supervisor::StartDue() {
  for (auto& child : children_) {
    if (child.pid < 0 && child.due <= steady_clock::now()) KF_CHECK(Start(child));
  }
  return {};
}

void Supervisor::Wait(const StopSignal& signal, milliseconds most) const {
  std::vector<pollfd> waits = {{.fd = signal.fd(), .events = POLLIN, .revents = 0}};
  const auto now = steady_clock::now();
  for (const auto& child : children_) {
    if (child.pid < 0) {
      most = std::min(most, std::max(milliseconds(0), std::chrono::ceil<milliseconds>(child.due - now)));
    } else {
      waits.push_back({.fd = child.handle.get(), .events = POLLIN, .revents = 0});
    }
  }
  poll(waits.data(), waits.size(), static_cast<int>(most.count()));
}

Status Supervisor::Reap(bool stopping) {
  for (auto& child : children_) {
    int status = 0;
    if (child.pid < 0 || waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
    child.pid = -1;
    child.handle.Reset();
    KF_CHECK(Ended(child, status, stopping));
  }
  return {};
}

Status Supervisor::Ended(Child& child, int status, bool stopping) {
  const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string how = HowItEnded(status);
  if (stopping) {
    Log(clean ? LogLevel::kInfo : LogLevel::kWarning, "stopped", {{"what", child.program.name}, {"how", how}});
    return {};
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotExecuted) {
    return std::unexpected(Error::Make(
        Code::kFileMissing, child.program.name + " cannot be executed at '" + child.program.arguments.front() + "'"));
  }
  for (const auto& [hopeless, code] :
       {std::pair{ExitCode::kSettings, Code::kSettingsInvalid}, std::pair{ExitCode::kUsage, Code::kUsage}}) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) != static_cast<int>(hopeless)) continue;
    return std::unexpected(
        Error::Make(code, child.program.name + " ended with " + how).NextStep("see its own error above"));
  }
  const auto now = steady_clock::now();
  if (now - child.started >= pace_.healthy) child.pause = pace_.first_pause;
  child.due = now + child.pause;
  Log(LogLevel::kWarning, "ended; it is started again",
      {{"what", child.program.name}, {"how", how}, {"in_ms", std::int64_t{child.pause.count()}}});
  child.pause = std::min(child.pause * 2, pace_.most_pause);
  return {};
}

Status Supervisor::Run(StopSignal& signal, const std::function<bool()>& ready) {
  bool is_ready = false;
  Status status;
  while (status && signal.Wait(milliseconds(0)) == 0) {
    status = StartDue();
    if (!status) break;
    Wait(signal, is_ready ? milliseconds(60000) : kTick);
    status = Reap(false);
    if (status && !is_ready) is_ready = ready();
  }
  StopAll(signal);
  return status;
}

void Supervisor::StopAll(StopSignal& signal) {
  std::set<int> ranks;
  for (const auto& child : children_) ranks.insert(child.program.stop_rank);
  for (const int rank : ranks) StopRank(signal, rank);
}

void Supervisor::StopRank(StopSignal& signal, int rank) {
  const auto until = steady_clock::now() + pace_.grace;
  Kill(SIGTERM, rank);
  while (AnyRuns(rank)) {
    const bool hurried = signal.Wait(milliseconds(0)) != 0 || steady_clock::now() >= until;
    if (hurried) {
      Log(LogLevel::kWarning, "no clean stop: killing what still runs");
      Kill(SIGKILL, rank);
    }
    std::vector<pollfd> waits = {{.fd = signal.fd(), .events = POLLIN, .revents = 0}};
    for (const auto& child : children_) {
      const bool counts = child.pid >= 0 && child.program.stop_rank == rank;
      if (counts) waits.push_back({.fd = child.handle.get(), .events = POLLIN, .revents = 0});
    }
    poll(waits.data(), waits.size(), static_cast<int>(kTick.count()));
    if (const Status reaped = Reap(true); !reaped) LogError("while stopping", reaped.error());
  }
}

void Supervisor::Kill(int signal_number, int rank) const {
  for (const auto& child : children_) {
    if (child.pid >= 0 && child.program.stop_rank == rank) kill(child.pid, signal_number);
  }
}

bool Supervisor::AnyRuns(int rank) const {
  return std::ranges::any_of(children_,
                             [&](const Child& child) { return child.pid >= 0 && child.program.stop_rank == rank; });
}

}  // namespace keyferry::cli
