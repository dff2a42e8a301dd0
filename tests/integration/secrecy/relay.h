// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "protocol/base/bytes.h"

namespace keyferry::secrecy {

// Stands between the clients of a socket and its server, and keeps every octet of both directions.
class Relay {
 public:
  // Takes the place of a Unix socket that a server listens at: the socket is renamed, and this listens at its path.
  static std::unique_ptr<Relay> BeforeUnix(const std::string& path);
  // Listens at a port of loopback for a server at another.
  static std::unique_ptr<Relay> BeforeTcp(int listen_port, int server_port);
  // Ends every connection.
  ~Relay();

  // What went by so far. Every connection and direction stands on its own; octets of 0 keep them apart.
  Bytes Recorded() const;

 private:
  class Impl;
  explicit Relay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Connects, sends the octets, closes: for planting something in a recording. False where it could not.
bool SendToUnix(const std::string& path, const Bytes& octets);
bool SendToTcp(int port, const Bytes& octets);

// A port of loopback that was free a moment ago.
int FreePort();

}  // namespace keyferry::secrecy
