// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/sender/fake_agent.h"

#include <zmq.h>

#include <cstdlib>
#include <future>
#include <utility>
#include <zmq.hpp>

#include "protocol/seal/receipt.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"

namespace keyferry::fakes {
namespace {

wire::Reply ReplyTo(const FakeAgent::Arrival& arrival, wire::ReplyKind kind) {
  wire::Reply reply;
  reply.kind = kind;
  reply.envelope_sha256 = arrival.digest;
  reply.sequence = arrival.sequence;
  return reply;
}

FakeAgent::Arrival ArrivalOf(const wire::Message& message) {
  FakeAgent::Arrival arrival;
  if (message.type == wire::MessageType::kAsk) {
    arrival.sequence = wire::DecodeAsk(message.payload).value().sequence;
    return arrival;
  }
  arrival.envelope = message.payload;
  arrival.digest = Sha256(arrival.envelope);
  const auto view = wire::Split(arrival.envelope, wire::Kind::kBundle);
  if (view) arrival.sequence = wire::DecodeBundle(view->body).value().sequence;
  return arrival;
}

}  // namespace

FakeAgent::FakeAgent(Script script) : script_(std::move(script)), identity_(Ed25519KeyPair::Generate().value()) {
  char public_key[41];
  char secret_key[41];
  if (zmq_curve_keypair(public_key, secret_key) != 0) std::abort();
  channel_public_.resize(32);
  zmq_z85_decode(channel_public_.data(), public_key);
  channel_secret_ = secret_key;
  std::promise<void> bound;
  auto is_bound = bound.get_future();
  thread_ = std::thread([this, &bound] {
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::router);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::curve_server, 1);
    socket.set(zmq::sockopt::curve_secretkey, channel_secret_);
    socket.bind("tcp://127.0.0.1:*");
    endpoint_ = socket.get(zmq::sockopt::last_endpoint);
    bound.set_value();
    while (!stop_) {
      zmq::pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
      if (zmq::poll(&item, 1, std::chrono::milliseconds(20)) == 0) continue;
      zmq::message_t peer;
      if (!socket.recv(peer)) continue;
      wire::MessageAssembler assembler;
      for (bool more = peer.more(); more;) {
        zmq::message_t frame;
        if (!socket.recv(frame)) std::abort();
        more = frame.more();
        if (!assembler.Add({frame.data<std::uint8_t>(), frame.size()})) std::abort();
      }
      const Arrival arrival = ArrivalOf(assembler.Finish().value());
      {
        const std::lock_guard lock(mutex_);
        arrived_.push_back(arrival.sequence);
      }
      for (const wire::Reply& reply : script_(arrival)) {
        socket.send(zmq::buffer(peer.data(), peer.size()), zmq::send_flags::sndmore);
        const auto frames = wire::SplitFrames(wire::MessageType::kReply, wire::Encode(reply));
        for (std::size_t i = 0; i < frames.size(); ++i) {
          socket.send(zmq::buffer(frames[i]), i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
        }
      }
    }
  });
  is_bound.wait();
}

FakeAgent::~FakeAgent() {
  stop_ = true;
  thread_.join();
}

sender::DomainRow FakeAgent::Domain(const std::string& name) const {
  sender::DomainRow domain;
  domain.name = name;
  domain.agent = IdOfKey(identity_.public_key());
  domain.agent_key = identity_.public_key();
  domain.channel_key = channel_public_;
  domain.endpoint = endpoint_;
  domain.domain.fill(7);
  domain.receipt_key = Bytes(1, 0);  // every receipt here is attested by the agent
  return domain;
}

wire::Reply FakeAgent::Accepted(const Arrival& arrival) { return ReplyTo(arrival, wire::ReplyKind::kAccepted); }

wire::Reply FakeAgent::Busy(const Arrival& arrival, std::uint32_t retry_after_ms) {
  wire::Reply reply = ReplyTo(arrival, wire::ReplyKind::kBusy);
  reply.retry_after_ms = retry_after_ms;
  return reply;
}

wire::Reply FakeAgent::Expected(const Arrival& arrival, std::uint64_t number) {
  wire::Reply reply = ReplyTo(arrival, wire::ReplyKind::kExpected);
  reply.expected = number;
  return reply;
}

wire::Reply FakeAgent::Refused(const Arrival& arrival, Code code) {
  wire::Reply reply = ReplyTo(arrival, wire::ReplyKind::kError);
  reply.code = Name(code);
  reply.message = "refused by the test";
  return reply;
}

wire::Reply FakeAgent::Receipt(const Arrival& arrival, const Id16& signer) const {
  wire::ReceiptBody body;
  body.agent = IdOfKey(identity_.public_key());
  body.domain = Domain("").domain;
  body.signer = signer;
  body.sequence = arrival.sequence;
  body.envelope_sha256 = arrival.digest;
  body.received_at = body.concluded_at = 1'800'000'000;
  body.outcome = wire::Outcome::kRefused;
  body.code = Name(Code::kExpired);
  wire::Reply reply = ReplyTo(arrival, wire::ReplyKind::kReceipt);
  reply.receipt = seal::SignReceipt(body, identity_);
  return reply;
}

std::vector<std::uint64_t> FakeAgent::Arrived() const {
  const std::lock_guard lock(mutex_);
  return arrived_;
}

}  // namespace keyferry::fakes
