// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/zmq_socket.h"

#include <zmq.h>

#include <array>
#include <cerrno>

namespace keyferry::daemon {
namespace {

std::unexpected<Error> ZmqError(Code code, std::string what) {
  return std::unexpected(Error::Caused(code, std::move(what), zmq_strerror(zmq_errno())));
}

}  // namespace

Result<ZmqContext> ZmqContext::Make() {
  void* handle = zmq_ctx_new();
  if (handle == nullptr) return ZmqError(Code::kSystem, "no ZeroMQ context");
  zmq_ctx_set(handle, ZMQ_IO_THREADS, 1);
  zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 16);
  return ZmqContext(handle);
}

ZmqContext::~ZmqContext() {
  if (handle_ != nullptr) zmq_ctx_term(handle_);
}

Result<ZmqSocket> ZmqSocket::Open(const ZmqContext& context, int type) {
  void* handle = zmq_socket(context.handle(), type);
  if (handle == nullptr) return ZmqError(Code::kSystem, "no ZeroMQ socket");
  ZmqSocket socket(handle);
  KF_CHECK(socket.Set(ZMQ_LINGER, 0));
  return socket;
}

ZmqSocket::~ZmqSocket() {
  if (handle_ != nullptr) zmq_close(handle_);
}

ZmqSocket& ZmqSocket::operator=(ZmqSocket&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Status ZmqSocket::Set(int option, int value) {
  if (zmq_setsockopt(handle_, option, &value, sizeof value) == 0) return {};
  return ZmqError(Code::kSystem, "ZeroMQ refuses option " + std::to_string(option));
}

Status ZmqSocket::Set(int option, std::int64_t value) {
  if (zmq_setsockopt(handle_, option, &value, sizeof value) == 0) return {};
  return ZmqError(Code::kSystem, "ZeroMQ refuses option " + std::to_string(option));
}

Status ZmqSocket::Set(int option, ByteView value) {
  if (zmq_setsockopt(handle_, option, value.data(), value.size()) == 0) return {};
  return ZmqError(Code::kSystem, "ZeroMQ refuses option " + std::to_string(option));
}

Status ZmqSocket::Bind(const std::string& endpoint) {
  if (zmq_bind(handle_, endpoint.c_str()) == 0) return {};
  const Code code = zmq_errno() == EADDRINUSE ? Code::kPortTaken : Code::kSystem;
  return ZmqError(code, "cannot listen at " + endpoint);
}

Status ZmqSocket::Connect(const std::string& endpoint) {
  if (zmq_connect(handle_, endpoint.c_str()) == 0) return {};
  return ZmqError(Code::kSystem, "cannot connect to " + endpoint);
}

std::string ZmqSocket::LastEndpoint() const {
  std::array<char, 256> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(handle_, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

Result<bool> ZmqSocket::Receive(Frame& frame) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  const int size = zmq_msg_recv(&message, handle_, ZMQ_DONTWAIT);
  if (size < 0) {
    const bool nothing = zmq_errno() == EAGAIN || zmq_errno() == EINTR;
    zmq_msg_close(&message);
    if (nothing) return false;
    return ZmqError(Code::kSystem, "cannot receive from a ZeroMQ socket");
  }
  const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&message));
  frame.octets.assign(data, data + size);
  frame.more = zmq_msg_more(&message) != 0;
  const char* user = zmq_msg_gets(&message, "User-Id");
  frame.user_id = user == nullptr ? "" : user;
  zmq_msg_close(&message);
  return true;
}

Result<bool> ZmqSocket::Send(ByteView frame, bool more) {
  const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
  if (zmq_send(handle_, frame.data(), frame.size(), flags) >= 0) return true;
  if (zmq_errno() == EAGAIN || zmq_errno() == EHOSTUNREACH || zmq_errno() == EINTR) return false;
  return ZmqError(Code::kSystem, "cannot send to a ZeroMQ socket");
}

}  // namespace keyferry::daemon
