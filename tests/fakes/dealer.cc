// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/dealer.h"

#include <zmq.h>

#include <array>
#include <stdexcept>

#include "protocol/base/file.h"
#include "protocol/wire/codec.h"

namespace keyferry::fakes {
namespace {

void Must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string(what) + ": " + zmq_strerror(zmq_errno()));
}

Bytes FromZ85(const char* text) {
  Bytes key(32);
  Must(zmq_z85_decode(key.data(), text) != nullptr, "Z85");
  return key;
}

// One context for all dealers of the process: libzmq has a use-after-free between contexts with CURVE.
void* SharedContext() {
  static void* const context = zmq_ctx_new();
  return context;
}

}  // namespace

CurveKeys CurveKeys::Make() {
  std::array<char, 41> public_text{};
  std::array<char, 41> secret_text{};
  Must(zmq_curve_keypair(public_text.data(), secret_text.data()) == 0, "key pair");
  return {.public_key = FromZ85(public_text.data()), .secret_key = FromZ85(secret_text.data())};
}

Bytes CurveKeys::PublicOfFile(const std::string& path) {
  const auto file = ReadFile(path, 100);
  Must(file.has_value(), "key file");
  const std::string text(AsText(*file).substr(0, 40));
  std::array<char, 41> public_text{};
  Must(zmq_curve_public(public_text.data(), text.c_str()) == 0, "public half");
  return FromZ85(public_text.data());
}

Dealer::Dealer(const std::string& endpoint, ByteView server_key, const CurveKeys& keys)
    : context_(SharedContext()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
  Must(socket_ != nullptr, "socket");
  const int linger = 0;
  const int reconnect = 20;
  zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof linger);
  zmq_setsockopt(socket_, ZMQ_RECONNECT_IVL, &reconnect, sizeof reconnect);
  Must(zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, server_key.data(), server_key.size()) == 0, "server key");
  Must(zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, keys.public_key.data(), 32) == 0, "public key");
  Must(zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.secret_key.data(), 32) == 0, "secret key");
  Must(zmq_connect(socket_, endpoint.c_str()) == 0, "connect");
}

Dealer::~Dealer() { zmq_close(socket_); }

void Dealer::Push(ByteView envelope) { SendFrames(wire::SplitFrames(wire::MessageType::kPush, envelope)); }

void Dealer::Ask(const wire::Ask& ask) { SendFrames(wire::SplitFrames(wire::MessageType::kAsk, wire::Encode(ask))); }

void Dealer::SendFrames(const std::vector<Bytes>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const int flags = i + 1 < frames.size() ? ZMQ_SNDMORE : 0;
    Must(zmq_send(socket_, frames[i].data(), frames[i].size(), flags) >= 0, "send");
  }
}

std::optional<wire::Reply> Dealer::Receive(std::chrono::milliseconds patience) {
  zmq_pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
  if (zmq_poll(&item, 1, patience.count()) <= 0) return std::nullopt;
  wire::MessageAssembler assembler;
  bool more = true;
  while (more) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    Must(zmq_msg_recv(&frame, socket_, 0) >= 0, "receive");
    const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&frame));
    Must(assembler.Add({data, zmq_msg_size(&frame)}).has_value(), "frame");
    more = zmq_msg_more(&frame) != 0;
    zmq_msg_close(&frame);
  }
  const auto message = assembler.Finish();
  Must(message.has_value() && message->type == wire::MessageType::kReply, "message");
  auto reply = wire::DecodeReply(message->payload);
  Must(reply.has_value(), "reply");
  return *reply;
}

}  // namespace keyferry::fakes
