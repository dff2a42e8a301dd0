// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "protocol/base/log.h"
#include "protocol/channel/channel.h"
#include "protocol/channel/messages.h"

namespace keyferry::channel {
namespace {

// Peers are local and known: these bounds keep a hung one from holding a thread for ever.
constexpr std::chrono::milliseconds kFrameDeadline{10'000};
constexpr std::size_t kConnections = 32;

using Handler = std::function<Result<Bytes>(const Request&)>;

// True: something waits on `fd`. False: stop.
bool WaitForWork(int fd, int stop_fd) {
  while (true) {
    pollfd waiting[] = {{.fd = fd, .events = POLLIN, .revents = 0}, {.fd = stop_fd, .events = POLLIN, .revents = 0}};
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) return false;
    if (waiting[1].revents != 0) return false;
    if (waiting[0].revents != 0) return true;
  }
}

bool IsAtEnd(int fd) {
  std::uint8_t octet = 0;
  return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

Status AnswerOne(Connection& connection, const Handler& handler) {
  KF_TRY(const Bytes frame, connection.Receive(kFrameDeadline));
  KF_TRY(const Request request, DecodeRequest(frame));
  KF_TRY(const Bytes answer, handler(request));
  return connection.Send(answer, kFrameDeadline);
}

void ServeConnection(Connection connection, const Handler& handler, int stop_fd) {
  while (WaitForWork(connection.fd(), stop_fd)) {
    if (IsAtEnd(connection.fd())) return;
    if (const Status answered = AnswerOne(connection, handler); !answered) {
      LogError("connection on a Unix socket was closed", answered.error());
      return;
    }
  }
}

// One thread for each connection, so that a state is answered while a bundle is executed on another connection.
class Server {
 public:
  Server(Handler handler, int stop_fd) : handler_(std::move(handler)), stop_fd_(stop_fd) {}

  Status Run(Listener& listener, const std::vector<unsigned>& users) {
    while (WaitForWork(listener.fd(), stop_fd_)) {
      KF_TRY(auto connection, listener.TryAccept(users));
      connections_.remove_if([](const Served& served) { return served.done.load(); });
      if (!connection) continue;
      if (connections_.size() >= kConnections) {
        Log(LogLevel::kWarning, "too many connections on a Unix socket: one was closed");
        continue;
      }
      Served& served = connections_.emplace_back();
      served.thread = std::jthread([this, &served, open = std::move(*connection)]() mutable {
        ServeConnection(std::move(open), handler_, stop_fd_);
        served.done.store(true);
      });
    }
    return {};  // the threads see the stop too, once their request in hand is answered; joined by connections_
  }

 private:
  struct Served {
    std::atomic<bool> done{false};
    std::jthread thread;
  };
  Handler handler_;
  int stop_fd_;
  std::list<Served> connections_;
};

Error Unexpected() { return Error::Make(Code::kWireMalformed, "this socket does not answer such a request"); }

}  // namespace

Status ServeWorker(Listener& listener, WorkerService& service, const std::vector<unsigned>& users, int stop_fd) {
  std::mutex one_execute;
  Server server(
      [&](const Request& request) -> Result<Bytes> {
        switch (request.kind) {
          case RequestKind::kExecute: {
            const std::lock_guard lock(one_execute);
            return Encode(service.Execute(request.envelope));
          }
          case RequestKind::kState:
            return Encode(service.State());
          case RequestKind::kOpenLatch:
            return Encode(service.OpenLatch());
          case RequestKind::kStatus:
            break;
        }
        return std::unexpected(Unexpected());
      },
      stop_fd);
  return server.Run(listener, users);
}

Status ServeControl(Listener& listener, ControlService& service, int stop_fd) {
  std::mutex one_at_a_time;
  Server server(
      [&](const Request& request) -> Result<Bytes> {
        if (request.kind != RequestKind::kStatus) return std::unexpected(Unexpected());
        const std::lock_guard lock(one_at_a_time);
        return EncodeStatus(service.Status());
      },
      stop_fd);
  return server.Run(listener, {});
}

}  // namespace keyferry::channel
