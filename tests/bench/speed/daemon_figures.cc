// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/speed/daemon_figures.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "protocol/base/file.h"

namespace keyferry::bench {
namespace {

constexpr std::size_t kStarts = 7;

// "Rss:                1234 kB"
std::optional<std::uint64_t> FieldOf(const std::string& rollup, const std::string& name) {
  std::istringstream lines(rollup);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return std::nullopt;
}

Status ReadMemory(pid_t pid, DaemonFigures& figures) {
  const std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
  const std::string rollup = world::Slurp(path);
  const auto anonymous = FieldOf(rollup, "Anonymous");
  const auto resident = FieldOf(rollup, "Rss");
  if (!anonymous || !resident) {
    return std::unexpected(Error::Make(Code::kFileUnreadable, "cannot read '" + path + "'").NextStep("run it as root"));
  }
  figures.anonymous_kib = *anonymous;
  figures.resident_kib = *resident;
  return {};
}

Result<UniqueFd> NotifySocket(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return std::unexpected(Error::Make(Code::kSystem, "'" + path + "' is too long for a socket"));
  }
  std::ranges::copy(path, std::begin(address.sun_path));
  const timeval patience{30, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(Error::FromErrno(Code::kSystem, "binding '" + path + "'"));
  }
  return fd;
}

Result<double> StartOnce(const world::World& world, const UniqueFd& notify, const std::string& notify_path) {
  fakes::Surroundings surroundings = world.AgentSurroundings();
  surroundings.environment["NOTIFY_SOCKET"] = notify_path;
  const char* bin = std::getenv("KEYFERRY_BIN");
  const std::string program = std::string(bin == nullptr ? "." : bin) + "/keyferryd";
  const auto start = std::chrono::steady_clock::now();
  fakes::Background daemon({program, "--settings", world.Path("keyferry.toml")}, surroundings, world.Path("ready.log"));
  const auto told = [&] {
    char text[64] = {};
    return recv(notify.get(), text, sizeof text - 1, 0) > 0 ? std::string(text) : "";
  };
  if (told() != "READY=1") {
    return std::unexpected(Error::Make(
        Code::kSystem, "keyferryd does not get ready: " + Printable(world::Slurp(world.Path("ready.log")), 500)));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  daemon.Signal(SIGTERM);
  if (!daemon.Wait(std::chrono::seconds(30))) {
    return std::unexpected(Error::Make(Code::kSystem, "keyferryd does not stop"));
  }
  told();  // STOPPING=1
  return took.count();
}

}  // namespace

Result<DaemonFigures> MeasureDaemon(world::World& world, std::uint64_t bundles) {
  DaemonFigures figures;
  figures.bundles = bundles;
  KF_CHECK(ReadMemory(world.daemon_pid(), figures));
  world.StopAgent();
  const std::string path = world.Path("notify");
  KF_TRY(const UniqueFd notify, NotifySocket(path));
  std::vector<double> seconds;
  for (std::size_t i = 0; i < kStarts; ++i) {
    KF_TRY(const double took, StartOnce(world, notify, path));
    seconds.push_back(took);
  }
  std::ranges::sort(seconds);
  figures.ready_seconds = seconds[kStarts / 2];
  return figures;
}

}  // namespace keyferry::bench
