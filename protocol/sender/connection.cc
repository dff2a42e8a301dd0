// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/connection.h"

#include <sodium.h>

#include <utility>
#include <zmq.hpp>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"

namespace keyferry::sender {

struct Connection::Sockets {
  AgentAddress agent;
  Secret secret;
  Bytes public_key;
  zmq::context_t context{1};
  zmq::socket_t socket;
};

namespace {

Error Refused(const std::string& endpoint, const zmq::error_t& error) {
  return Error::Caused(Code::kSystem, "connecting to the agent at " + Printable(endpoint), error.what());
}

zmq::socket_t Connect(zmq::context_t& context, const AgentAddress& agent, const Secret& secret, ByteView public_key) {
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::immediate, 1);  // nothing is queued for a peer that is not there
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(wire::limits::kFrameBytes));
  socket.set(zmq::sockopt::sndhwm, 4096);  // frames
  socket.set(zmq::sockopt::rcvhwm, 4096);
  socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(wire::limits::kHandshake.count()));
  socket.set(zmq::sockopt::heartbeat_ivl, 5000);
  socket.set(zmq::sockopt::heartbeat_timeout, 15000);
  socket.set(zmq::sockopt::reconnect_ivl, 100);
  socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
  socket.set(zmq::sockopt::curve_serverkey, zmq::const_buffer(agent.channel_key.data(), agent.channel_key.size()));
  socket.set(zmq::sockopt::curve_publickey, zmq::const_buffer(public_key.data(), public_key.size()));
  socket.set(zmq::sockopt::curve_secretkey, zmq::const_buffer(secret.Expose().data(), secret.size()));
  socket.connect(agent.endpoint);
  return socket;
}

// Reads one multipart message to its end; nothing where it is no reply.
std::optional<wire::Reply> ReadReply(zmq::socket_t& socket) {
  wire::MessageAssembler assembler;
  bool good = true;
  for (bool more = true; more;) {
    zmq::message_t frame;
    if (!socket.recv(frame, zmq::recv_flags::none)) return std::nullopt;
    more = frame.more();
    good = good && assembler.Add({frame.data<std::uint8_t>(), frame.size()}).has_value();
  }
  if (!good) return std::nullopt;
  auto message = assembler.Finish();
  if (!message || message->type != wire::MessageType::kReply) return std::nullopt;
  auto reply = wire::DecodeReply(message->payload);
  if (!reply) return std::nullopt;
  return std::move(*reply);
}

}  // namespace

Connection::Connection(std::unique_ptr<Sockets> sockets) : sockets_(std::move(sockets)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<Connection> Connection::Open(const AgentAddress& agent, const Secret& channel_key) {
  if (channel_key.size() != crypto_box_SECRETKEYBYTES || agent.channel_key.size() != crypto_box_PUBLICKEYBYTES) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "a channel key must have 32 octets"));
  }
  try {
    auto sockets = std::make_unique<Sockets>();
    sockets->agent = agent;
    KF_TRY(sockets->secret, Secret::Allocate(channel_key.size()));
    std::ranges::copy(channel_key.Expose(), sockets->secret.ExposeMutable().begin());
    sockets->public_key.resize(crypto_box_PUBLICKEYBYTES);
    crypto_scalarmult_base(sockets->public_key.data(), channel_key.Expose().data());
    sockets->socket = Connect(sockets->context, agent, sockets->secret, sockets->public_key);
    return Connection(std::move(sockets));
  } catch (const zmq::error_t& error) {
    return std::unexpected(Refused(agent.endpoint, error));
  }
}

Result<bool> Connection::Send(wire::MessageType type, ByteView payload) {
  try {
    const std::vector<Bytes> frames = wire::SplitFrames(type, payload);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      // Only the first frame of a message can find no room.
      const auto wait = i == 0 ? zmq::send_flags::dontwait : zmq::send_flags::none;
      if (!sockets_->socket.send(zmq::buffer(frames[i]), flags | wait)) return false;
    }
    return true;
  } catch (const zmq::error_t& error) {
    return std::unexpected(Refused(sockets_->agent.endpoint, error));
  }
}

Result<std::optional<wire::Reply>> Connection::Receive(std::chrono::milliseconds timeout) {
  try {
    zmq::pollitem_t item{sockets_->socket.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, timeout) == 0) return std::optional<wire::Reply>();
    return ReadReply(sockets_->socket);
  } catch (const zmq::error_t& error) {
    return std::unexpected(Refused(sockets_->agent.endpoint, error));
  }
}

Status Connection::Reconnect() {
  try {
    sockets_->socket.close();
    sockets_->socket = Connect(sockets_->context, sockets_->agent, sockets_->secret, sockets_->public_key);
    return {};
  } catch (const zmq::error_t& error) {
    return std::unexpected(Refused(sockets_->agent.endpoint, error));
  }
}

}  // namespace keyferry::sender
