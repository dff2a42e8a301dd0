// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"
#include "protocol/wire/message.h"

namespace keyferry::sender {

// Where an agent listens, and the channel key that it must prove to hold.
struct AgentAddress {
  std::string endpoint;  // "tcp://HOST:PORT"
  Bytes channel_key;     // CURVE public key, 32 octets
};

// One DEALER socket over CURVE. Messages that do not arrive are the caller's to send again: a connection says nothing
// about a peer that is away. One thread at a time. Code::kSystem for what libzmq refuses; the text names the endpoint.
class Connection {
 public:
  // `channel_key`: this side's CURVE secret key, 32 octets; copied into libzmq.
  static Result<Connection> Open(const AgentAddress& agent, const Secret& channel_key);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // False where the peer's queue is full or nobody is there: try again later.
  Result<bool> Send(wire::MessageType type, ByteView payload);
  // A reply, or nothing within `timeout`. What is no well-formed reply is dropped.
  Result<std::optional<wire::Reply>> Receive(std::chrono::milliseconds timeout);
  // Drops what is queued and connects anew.
  Status Reconnect();

 private:
  struct Sockets;
  explicit Connection(std::unique_ptr<Sockets> sockets);
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace keyferry::sender
