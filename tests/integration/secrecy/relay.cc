// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/relay.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "protocol/base/file.h"

namespace keyferry::secrecy {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

Address UnixAddress(const std::string& path) {
  sockaddr_un unix_address{};
  unix_address.sun_family = AF_UNIX;
  if (path.size() >= sizeof unix_address.sun_path) std::abort();
  std::memcpy(unix_address.sun_path, path.c_str(), path.size() + 1);
  Address address;
  std::memcpy(&address.storage, &unix_address, sizeof unix_address);
  address.size = sizeof unix_address;
  return address;
}

Address Loopback(int port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  Address address;
  std::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
  return address;
}

UniqueFd ListenAt(const Address& address) {
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (address.family() == AF_INET) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), 16) != 0) {
    std::perror("relay: bind");
    std::abort();
  }
  return fd;
}

bool SendAll(int fd, const std::uint8_t* at, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool SendTo(const Address& address, const Bytes& octets) {
  const UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), address.get(), address.size) == 0 && SendAll(fd.get(), octets.data(), octets.size());
}

}  // namespace

class Relay::Impl {
 public:
  Impl(UniqueFd listener, Address server) : listener_(std::move(listener)), server_(server) {
    acceptor_ = std::thread([this] { AcceptAll(); });
  }
  ~Impl() {
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (Link& link : links_) {
      shutdown(link.client.get(), SHUT_RDWR);
      shutdown(link.server.get(), SHUT_RDWR);
      link.up.join();
      link.down.join();
    }
  }
  Bytes Recorded() const {
    const std::lock_guard lock(mutex_);
    Bytes all;
    for (const Link& link : links_) {
      for (const Bytes* stream : {&link.sent, &link.received}) {
        all.insert(all.end(), stream->begin(), stream->end());
        all.insert(all.end(), 32, 0);
      }
    }
    return all;
  }

 private:
  struct Link {
    UniqueFd client, server;
    Bytes sent, received;
    std::thread up, down;
  };

  void AcceptAll() {
    for (;;) {
      UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() < 0) return;
      UniqueFd server(socket(server_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (connect(server.get(), server_.get(), server_.size) != 0) continue;
      const std::lock_guard lock(mutex_);
      Link& link = links_.emplace_back();
      link.client = std::move(client);
      link.server = std::move(server);
      link.up = std::thread([this, &link] { Pump(link.client.get(), link.server.get(), link.sent); });
      link.down = std::thread([this, &link] { Pump(link.server.get(), link.client.get(), link.received); });
    }
  }

  void Pump(int from, int to, Bytes& record) {
    std::uint8_t buffer[65536];
    for (;;) {
      const ssize_t size = recv(from, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      {
        const std::lock_guard lock(mutex_);
        record.insert(record.end(), buffer, buffer + size);
      }
      if (!SendAll(to, buffer, static_cast<std::size_t>(size))) break;
    }
    shutdown(to, SHUT_RDWR);
    shutdown(from, SHUT_RDWR);
  }

  UniqueFd listener_;
  Address server_;
  mutable std::mutex mutex_;
  std::deque<Link> links_;
  std::thread acceptor_;
};

Relay::Relay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Relay::~Relay() = default;

std::unique_ptr<Relay> Relay::BeforeUnix(const std::string& path) {
  const std::string real = path + ".real";
  if (rename(path.c_str(), real.c_str()) != 0) {
    std::perror(path.c_str());
    std::abort();
  }
  return std::unique_ptr<Relay>(new Relay(std::make_unique<Impl>(ListenAt(UnixAddress(path)), UnixAddress(real))));
}

std::unique_ptr<Relay> Relay::BeforeTcp(int listen_port, int server_port) {
  return std::unique_ptr<Relay>(
      new Relay(std::make_unique<Impl>(ListenAt(Loopback(listen_port)), Loopback(server_port))));
}

Bytes Relay::Recorded() const { return impl_->Recorded(); }

bool SendToUnix(const std::string& path, const Bytes& octets) { return SendTo(UnixAddress(path), octets); }
bool SendToTcp(int port, const Bytes& octets) { return SendTo(Loopback(port), octets); }

int FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Address address = Loopback(0);
  if (bind(fd.get(), address.get(), address.size) != 0) std::abort();
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) std::abort();
  return ntohs(bound.sin_port);
}

}  // namespace keyferry::secrecy
