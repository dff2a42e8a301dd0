// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>

#include "agent/daemon/roster.h"
#include "agent/daemon/zmq_socket.h"
#include "protocol/base/secret.h"

namespace keyferry::daemon {

// The ZAP handler (ZeroMQ RFC 27): says whose CURVE handshake ends well. Without one libzmq lets any key in, so it is
// bound before anything else listens. A peer that is let in is called by its key in hexadecimal (User-Id). One thread.
class Gate {
 public:
  static constexpr std::string_view kDomain = "keyferry";

  static Result<Gate> Open(const ZmqContext& context);

  // Answers every handshake that waits: only keys of the roster's peers. The number that was turned away.
  Result<std::uint64_t> AnswerAll(const Roster& roster);
  void* handle() const { return socket_.handle(); }

 private:
  explicit Gate(ZmqSocket socket) : socket_(std::move(socket)) {}
  ZmqSocket socket_;
};

// Connects to `endpoint` with a key made up on the spot and sees it turned away by `gate`, which it answers for
// meanwhile. Code::kStrangerAdmitted where it is let in, or where it cannot be shown within ten seconds that it is not.
Status TestStranger(const ZmqContext& context, Gate& gate, const Roster& roster, const std::string& endpoint,
                    ByteView server_key);

}  // namespace keyferry::daemon
