// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/base/bytes.h"

namespace keyferry::daemon {

// libzmq's context: one for the life of the process, with one I/O thread.
class ZmqContext {
 public:
  // Code::kSystem.
  static Result<ZmqContext> Make();
  ~ZmqContext();
  ZmqContext(ZmqContext&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

  void* handle() const { return handle_; }

 private:
  explicit ZmqContext(void* handle) : handle_(handle) {}
  void* handle_;
};

// One frame that was received.
struct Frame {
  Bytes octets;
  bool more = false;
  std::string user_id;  // what the ZAP handler called the peer; empty where there is none
};

// A socket of libzmq, of one thread. Errors: Code::kSystem with zmq's own words, unless said otherwise.
class ZmqSocket {
 public:
  // `type`: ZMQ_ROUTER, …; LINGER is 0.
  static Result<ZmqSocket> Open(const ZmqContext& context, int type);
  ~ZmqSocket();
  ZmqSocket(ZmqSocket&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ZmqSocket& operator=(ZmqSocket&& other) noexcept;

  Status Set(int option, int value);
  Status Set(int option, std::int64_t value);
  Status Set(int option, ByteView value);
  // Code::kPortTaken where the address is in use.
  Status Bind(const std::string& endpoint);
  Status Connect(const std::string& endpoint);
  // As libzmq resolved it: with the port, where "*" was asked for.
  std::string LastEndpoint() const;

  // Never waits: false where nothing is there.
  Result<bool> Receive(Frame& frame);
  // Never waits: false where the peer is gone or its high-water mark is reached (nothing was sent, if it is the first
  // frame).
  Result<bool> Send(ByteView frame, bool more);

  void* handle() const { return handle_; }

 private:
  explicit ZmqSocket(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace keyferry::daemon
