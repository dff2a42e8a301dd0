// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/network.h"

#include <zmq.h>

#include <array>
#include <utility>

#include "protocol/base/log.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"

namespace keyferry::daemon {
namespace {

constexpr int kMessagesPerTurn = 16;
constexpr std::uint32_t kFullRetryMs = 100;

// Every limit is set: libzmq's defaults let a stranger fill the memory before he is authenticated. High-water marks
// count messages per peer; a heartbeat's TTL above 65 s overflows in libzmq.
Status SetLimits(ZmqSocket& router) {
  const std::pair<int, int> options[] = {
      {ZMQ_HANDSHAKE_IVL, static_cast<int>(wire::limits::kHandshake.count())},
      {ZMQ_HEARTBEAT_IVL, 5000},
      {ZMQ_HEARTBEAT_TIMEOUT, 15000},
      {ZMQ_HEARTBEAT_TTL, 30000},
      {ZMQ_SNDHWM, 64},
      {ZMQ_RCVHWM, 16},
      {ZMQ_LINGER, 1000},
      {ZMQ_BACKLOG, 64},
      {ZMQ_ROUTER_MANDATORY, 1},  // a reply to a peer that left is noticed
      {ZMQ_ROUTER_HANDOVER, 0},   // a routing id is the peer's choice: nobody takes over another's
      {ZMQ_TCP_KEEPALIVE, 1},
  };
  for (const auto& [option, value] : options) KF_CHECK(router.Set(option, value));
  return router.Set(ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(wire::limits::kFrameBytes));
}

Result<ZmqSocket> OpenRouter(const ZmqContext& context, const std::string& endpoint, const record::AgentKeys& keys) {
  KF_TRY(ZmqSocket router, ZmqSocket::Open(context, ZMQ_ROUTER));
  KF_CHECK(SetLimits(router));
  KF_CHECK(router.Set(ZMQ_IPV6, endpoint.find('[') != std::string::npos ? 1 : 0));
  KF_CHECK(router.Set(ZMQ_CURVE_SERVER, 1));
  KF_CHECK(router.Set(ZMQ_CURVE_SECRETKEY, keys.channel_secret.Expose()));
  KF_CHECK(router.Set(ZMQ_ZAP_DOMAIN, AsBytes(Gate::kDomain)));
  KF_CHECK(router.Bind(endpoint));
  return router;
}

wire::Reply ReplyTo(const seal::OpenedBundle& bundle) {
  wire::Reply reply;
  reply.envelope_sha256 = bundle.digest();
  reply.signer = bundle.signer().id;
  reply.domain = bundle.body().domain;
  reply.sequence = bundle.body().sequence;
  return reply;
}

wire::Reply Full(wire::Reply reply) {
  reply.kind = wire::ReplyKind::kBusy;
  reply.code = Name(Code::kBusy);
  reply.message = "the journal is busy";
  reply.retry_after_ms = kFullRetryMs;
  return reply;
}

}  // namespace

Result<std::unique_ptr<Network>> Network::Listen(const ZmqContext& context, const std::string& endpoint,
                                                 const record::AgentKeys& keys, const RosterKeeper& roster,
                                                 JournalThread& journal, Outbox& outbox, Board& board) {
  KF_TRY(Gate gate, Gate::Open(context));
  KF_TRY(ZmqSocket router, OpenRouter(context, endpoint, keys));
  std::string bound = router.LastEndpoint();
  KF_CHECK(TestStranger(context, gate, *roster.Get(), bound, keys.channel_public));
  return std::unique_ptr<Network>(
      new Network(std::move(gate), std::move(router), std::move(bound), keys.agent, roster, journal, outbox, board));
}

Network::Network(Gate gate, ZmqSocket router, std::string endpoint, const Id16& agent, const RosterKeeper& roster,
                 JournalThread& journal, Outbox& outbox, Board& board)
    : gate_(std::move(gate)),
      router_(std::move(router)),
      endpoint_(std::move(endpoint)),
      agent_(agent),
      roster_(roster),
      journal_(journal),
      outbox_(outbox),
      board_(board) {}

void Network::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void Network::Join() {
  if (thread_.joinable()) thread_.join();
}

void Network::Run() {
  while (!outbox_.Drained()) {
    if (const Status turned = Turn(); !turned) {
      board_.Fail(turned.error());
      outbox_.Close();  // nobody is to wait for room in it
      return;
    }
  }
}

Status Network::Turn() {
  const bool accepting = accepting_;
  std::array<zmq_pollitem_t, 3> items{{{nullptr, outbox_.fd(), ZMQ_POLLIN, 0},
                                       {gate_.handle(), -1, ZMQ_POLLIN, 0},
                                       {router_.handle(), -1, ZMQ_POLLIN, 0}}};
  zmq_poll(items.data(), accepting ? 3 : 2, 500);
  const auto roster = roster_.Get();
  KF_TRY(const std::uint64_t turned_away, gate_.AnswerAll(*roster));
  for (std::uint64_t i = 0; i < turned_away; ++i) {
    TellRefused(Error::Make(Code::kPeerUnknown, "a handshake with an unknown key was turned away"), "stranger");
  }
  for (const Outgoing& outgoing : outbox_.PopSome(kMessagesPerTurn, std::chrono::milliseconds(0))) {
    KF_CHECK(SendOne(outgoing));
  }
  return accepting ? ReceiveSome(*roster) : Status();
}

Status Network::ReceiveSome(const Roster& roster) {
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    KF_TRY(const bool there, ReceiveOne(roster));
    if (!there) return {};
  }
  return {};
}

Result<bool> Network::ReceiveOne(const Roster& roster) {
  Frame frame;
  KF_TRY(const bool there, router_.Receive(frame));
  if (!there) return false;
  Route route{.routing_id = std::move(frame.octets), .peer = {}};
  wire::MessageAssembler assembler;
  Status good;
  while (frame.more) {
    KF_TRY(const bool next, router_.Receive(frame));
    if (!next) return false;
    // The User-Id is on the body's frames, not on the routing id's.
    if (route.peer.empty()) route.peer = HexDecode(frame.user_id).value_or(Bytes());
    if (good) good = assembler.Add(frame.octets);
  }
  Handle(roster, std::move(route), good ? assembler.Finish() : std::unexpected(std::move(good).error()));
  return true;
}

void Network::Handle(const Roster& roster, Route route, Result<wire::Message> message) {
  if (route.peer.empty() || !roster.HasPeer(route.peer)) {
    // Its handshake was before it was removed. It gets nothing.
    TellRefused(Error::Make(Code::kPeerUnknown, "a message of a peer that is not, or no longer, enrolled"),
                HexEncode(route.peer));
    return;
  }
  latest_route_[route.peer] = route.routing_id;
  if (!message) return Refuse(route, {}, message.error());
  switch (message->type) {
    case wire::MessageType::kPush:
      return HandlePush(roster, std::move(route), std::move(message->payload));
    case wire::MessageType::kAsk:
      return HandleAsk(roster, std::move(route), message->payload);
    case wire::MessageType::kReply:
      break;
  }
  Refuse(route, {}, Error::Make(Code::kWireMalformed, "an agent takes no replies"));
}

void Network::HandlePush(const Roster& roster, Route route, Bytes envelope) {
  wire::Reply unread;
  unread.envelope_sha256 = Sha256(envelope);
  auto bundle = seal::OpenedBundle::Open(std::move(envelope), roster.signers);
  if (!bundle) return Refuse(route, std::move(unread), bundle.error());
  wire::Reply reply = ReplyTo(*bundle);
  const auto domain = CheckAddress(roster, *bundle, route.peer);
  if (!domain) return Refuse(route, std::move(reply), domain.error());
  if (const auto stopped = board_.StopOf((*domain)->name)) return Refuse(route, std::move(reply), *stopped);
  const bool handed = journal_.TryPush({.route = route,
                                        .bundle = std::move(*bundle),
                                        .queue = (*domain)->queue,
                                        .separation = board_.SeparationOf((*domain)->name)});
  if (handed) return;
  if (const Status sent = SendOne({.route = std::move(route), .reply = Full(std::move(reply))}); !sent) {
    board_.Fail(sent.error());
  }
}

void Network::HandleAsk(const Roster& roster, Route route, ByteView octets) {
  const auto ask = wire::DecodeAsk(octets);
  if (!ask) return Refuse(route, {}, ask.error());
  wire::Reply reply;
  reply.signer = ask->signer;
  reply.domain = ask->domain;
  reply.sequence = ask->sequence;
  const DomainEntry* domain = roster.Find(ask->domain);
  if (domain == nullptr || !domain->HasPeer(route.peer)) {
    return Refuse(route, std::move(reply), Error::Make(Code::kWrongDomain, "this peer has no such domain here"));
  }
  if (journal_.TryAsk({.route = route, .ask = *ask})) return;
  if (const Status sent = SendOne({.route = std::move(route), .reply = Full(std::move(reply))}); !sent) {
    board_.Fail(sent.error());
  }
}

Result<const DomainEntry*> Network::CheckAddress(const Roster& roster, const seal::OpenedBundle& bundle,
                                                 ByteView peer) const {
  if (bundle.body().agent != agent_) {
    return std::unexpected(
        Error::Make(Code::kWrongAgent, "the bundle is addressed to agent " + HexEncode(bundle.body().agent)));
  }
  const DomainEntry* domain = roster.Find(bundle.body().domain);
  if (domain == nullptr) {
    return std::unexpected(
        Error::Make(Code::kWrongDomain, "this agent serves no domain " + HexEncode(bundle.body().domain)));
  }
  if (!domain->HasSigner(bundle.signer().id)) {
    return std::unexpected(Error::Make(Code::kSignerUnknown, "the signer is not enrolled with this domain"));
  }
  if (!domain->HasPeer(peer)) {
    return std::unexpected(Error::Make(Code::kPeerUnknown, "the peer is not enrolled with this domain"));
  }
  return domain;
}

// Nothing is stored of it and nothing signed.
void Network::Refuse(const Route& route, wire::Reply reply, const Error& error) {
  TellRefused(error, HexEncode(route.peer));
  reply.kind = wire::ReplyKind::kError;
  reply.code = Name(error.code());
  reply.message = Printable(error.what(), wire::limits::kTextBytes - 100);
  if (const Status sent = SendOne({.route = route, .reply = std::move(reply)}); !sent) board_.Fail(sent.error());
}

void Network::TellRefused(const Error& error, const std::string& peer) {
  Json event = Json::EmptyObject();
  event.Set("event", "refused")
      .Set("code", Name(error.code()))
      .Set("message", Printable(error.what()))
      .Set("peer", peer);
  journal_.Note({.key = "refused " + std::string(Name(error.code())) + " " + peer, .event = std::move(event)});
}

Status Network::SendOne(const Outgoing& outgoing) {
  const auto frames = wire::SplitFrames(wire::MessageType::kReply, wire::Encode(outgoing.reply));
  KF_TRY(const bool sent, SendTo(outgoing.route.routing_id, frames));
  if (sent) return {};
  // That connection is gone or does not read; the same peer may have another by now. If not, it will ask again.
  const auto latest = latest_route_.find(outgoing.route.peer);
  if (latest == latest_route_.end() || latest->second == outgoing.route.routing_id) return {};
  KF_TRY(const bool again, SendTo(latest->second, frames));
  if (!again) latest_route_.erase(latest);
  return {};
}

Result<bool> Network::SendTo(const Bytes& routing_id, const std::vector<Bytes>& frames) {
  KF_TRY(const bool known, router_.Send(routing_id, true));
  if (!known) return false;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    KF_TRY(const bool sent, router_.Send(frames[i], i + 1 < frames.size()));
    // Room is asked for a whole message at its first frame.
    if (!sent) return std::unexpected(Error::Make(Code::kInternal, "libzmq took a part of a message only"));
  }
  return true;
}

}  // namespace keyferry::daemon
