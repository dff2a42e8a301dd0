// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/worker_watch.h"

#include <sys/socket.h>
#include <unistd.h>

namespace keyferry::daemon {
namespace {

constexpr std::chrono::milliseconds kDeadline{500};

// The user who listens there (SO_PEERCRED of a connection).
wire::Separation SeparationAt(const std::string& socket) {
  const auto connection = channel::Connection::Connect(socket, Code::kWorkerNotRunning);
  if (!connection) return wire::Separation::kNone;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection->fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return wire::Separation::kNone;
  return peer.uid == getuid() ? wire::Separation::kNone : wire::Separation::kUsers;
}

}  // namespace

void WorkerWatch::Look(const std::string& domain_name, const std::string& socket) {
  Watched& watched = watched_.try_emplace(domain_name, Watched{channel::WorkerClient(socket)}).first->second;
  WorkerView view = board_.Worker(domain_name);
  auto state = watched.client.State(kDeadline);
  if (!state && state.error().code() == Code::kDeadlinePassed) return;  // alive and slow: what was seen last stands
  view.reachable = state.has_value();
  if (view.reachable) {
    if (!watched.reachable) view.separation = SeparationAt(socket);
    view.state = std::move(*state);
    view.error.clear();
  } else {
    view.error = state.error().ThreeLines();
  }
  watched.reachable = view.reachable;
  board_.SetWorker(domain_name, std::move(view));
}

}  // namespace keyferry::daemon
