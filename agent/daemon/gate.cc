// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/gate.h"

#include <zmq.h>

#include <array>
#include <vector>

namespace keyferry::daemon {
namespace {

// version, request id, domain, address, routing id, mechanism, key
constexpr std::size_t kRequestFrames = 7;
constexpr std::size_t kKeyBytes = 32;

// One request, without the frames beyond what a request may have; empty where none waits.
Result<std::vector<Bytes>> ReceiveRequest(ZmqSocket& socket) {
  std::vector<Bytes> frames;
  Frame frame;
  do {
    KF_TRY(const bool there, socket.Receive(frame));
    if (!there) return frames;
    if (frames.size() <= kRequestFrames) frames.push_back(std::move(frame.octets));
  } while (frame.more);
  return frames;
}

bool IsAdmitted(const std::vector<Bytes>& request, const Roster& roster) {
  return request.size() == kRequestFrames && AsText(request[0]) == "1.0" && AsText(request[2]) == Gate::kDomain &&
         AsText(request[5]) == "CURVE" && request[6].size() == kKeyBytes && roster.HasPeer(request[6]);
}

Status SendAnswer(ZmqSocket& socket, ByteView request_id, std::string_view code, std::string_view text,
                  std::string_view user_id) {
  const std::array<ByteView, 6> frames{AsBytes("1.0"), request_id,       AsBytes(code),
                                       AsBytes(text),  AsBytes(user_id), ByteView()};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    KF_TRY(const bool sent, socket.Send(frames[i], i + 1 < frames.size()));
    if (!sent) return {};  // libzmq's side is gone, and the connection with it
  }
  return {};
}

// What the client's end of a handshake came to; empty where nothing was reported yet.
enum class Verdict : std::uint8_t { kUnknown, kTurnedAway, kAdmitted };

Result<Verdict> ReadVerdict(ZmqSocket& monitor) {
  Frame event;
  KF_TRY(const bool there, monitor.Receive(event));
  if (!there || event.octets.size() < 2) return Verdict::kUnknown;
  Frame endpoint;
  KF_TRY(const bool more, monitor.Receive(endpoint));
  (void)more;
  // A 16-bit number in the host's order (zmq_socket_monitor(3)).
  const unsigned number = event.octets[0] | static_cast<unsigned>(event.octets[1]) << 8U;
  if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return Verdict::kAdmitted;
  if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return Verdict::kTurnedAway;
  return Verdict::kUnknown;
}

Result<ZmqSocket> MakeStranger(const ZmqContext& context, ByteView server_key) {
  std::array<char, 41> public_text{};
  std::array<char, 41> secret_text{};
  zmq_curve_keypair(public_text.data(), secret_text.data());
  KF_TRY(ZmqSocket stranger, ZmqSocket::Open(context, ZMQ_DEALER));
  KF_CHECK(stranger.Set(ZMQ_CURVE_SERVERKEY, server_key));
  KF_CHECK(stranger.Set(ZMQ_CURVE_PUBLICKEY, AsBytes(public_text.data())));
  KF_CHECK(stranger.Set(ZMQ_CURVE_SECRETKEY, AsBytes(secret_text.data())));
  KF_CHECK(stranger.Set(ZMQ_IPV6, 1));
  return stranger;
}

std::unexpected<Error> Admitted(std::string what) {
  return std::unexpected(Error::Make(Code::kStrangerAdmitted, std::move(what)));
}

}  // namespace

Result<Gate> Gate::Open(const ZmqContext& context) {
  KF_TRY(ZmqSocket socket, ZmqSocket::Open(context, ZMQ_REP));
  KF_CHECK(socket.Bind("inproc://zeromq.zap.01"));
  return Gate(std::move(socket));
}

Result<std::uint64_t> Gate::AnswerAll(const Roster& roster) {
  std::uint64_t turned_away = 0;
  while (true) {
    KF_TRY(const auto request, ReceiveRequest(socket_));
    if (request.empty()) return turned_away;
    const ByteView request_id = request.size() > 1 ? ByteView(request[1]) : ByteView();
    if (IsAdmitted(request, roster)) {
      KF_CHECK(SendAnswer(socket_, request_id, "200", "OK", HexEncode(request[6])));
    } else {
      ++turned_away;
      KF_CHECK(SendAnswer(socket_, request_id, "400", "unknown key", ""));
    }
  }
}

Status TestStranger(const ZmqContext& context, Gate& gate, const Roster& roster, const std::string& endpoint,
                    ByteView server_key) {
  KF_TRY(ZmqSocket stranger, MakeStranger(context, server_key));
  constexpr const char* kMonitor = "inproc://keyferry.stranger";
  if (zmq_socket_monitor(stranger.handle(), kMonitor,
                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0) {
    return Admitted("this libzmq cannot show how a stranger's handshake ends");
  }
  KF_TRY(ZmqSocket monitor, ZmqSocket::Open(context, ZMQ_PAIR));
  KF_CHECK(monitor.Connect(kMonitor));
  KF_CHECK(stranger.Connect(endpoint));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    std::array<zmq_pollitem_t, 2> items{{{gate.handle(), -1, ZMQ_POLLIN, 0}, {monitor.handle(), -1, ZMQ_POLLIN, 0}}};
    zmq_poll(items.data(), static_cast<int>(items.size()), 100);
    KF_TRY(const std::uint64_t turned_away, gate.AnswerAll(roster));
    (void)turned_away;
    KF_TRY(const Verdict verdict, ReadVerdict(monitor));
    if (verdict == Verdict::kAdmitted) return Admitted("a peer with a made-up key was let in at " + endpoint);
    if (verdict == Verdict::kTurnedAway) {
      zmq_socket_monitor(stranger.handle(), nullptr, 0);
      return {};
    }
  }
  return Admitted("a peer with a made-up key was neither let in nor turned away at " + endpoint);
}

}  // namespace keyferry::daemon
