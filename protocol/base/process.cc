// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <limits>

namespace keyferry {

Status HardenProcess() {
  umask(077);
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    return std::unexpected(Error::FromErrno(Code::kSystem, "cannot switch core dumps off"));
  }
#ifndef __SANITIZE_ADDRESS__  // the leak check at exit reads this process through ptrace
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return std::unexpected(Error::FromErrno(Code::kSystem, "cannot make this process undumpable"));
  }
#endif
  return {};
}

Result<StopSignal> StopSignal::Make() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  if (const int reason = pthread_sigmask(SIG_BLOCK, &set, nullptr); reason != 0) {
    errno = reason;
    return std::unexpected(Error::FromErrno(Code::kSystem, "cannot block the signals that stop this process"));
  }
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return std::unexpected(Error::FromErrno(Code::kSystem, "cannot ignore the signal of a closed connection"));
  }
  const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return std::unexpected(Error::FromErrno(Code::kSystem, "cannot make a descriptor for signals"));
  return StopSignal(fd);
}

int StopSignal::Wait(std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
    const auto most = std::int64_t{std::numeric_limits<int>::max()};
    const int wait = timeout.count() < 0 ? -1 : static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
    pollfd waiting = {fd_, POLLIN, 0};
    const int ready = poll(&waiting, 1, wait);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return 0;
    signalfd_siginfo info = {};
    // Another thread may have taken it in between; then wait on.
    if (read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) return static_cast<int>(info.ssi_signo);
  }
}

}  // namespace keyferry
