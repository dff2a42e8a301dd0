// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "agent/daemon/board.h"
#include "agent/daemon/gate.h"
#include "agent/daemon/journal_thread.h"
#include "agent/daemon/roster.h"
#include "agent/daemon/zmq_socket.h"
#include "bootstrap/record/agent_keys.h"
#include "protocol/wire/message.h"

namespace keyferry::daemon {

// The network's thread: sole owner of the ROUTER and of the gate. Puts messages together, opens bundles, hands them to
// the journal, sends what the outbox holds. Never waits for another thread.
class Network {
 public:
  // Binds the gate, then the ROUTER as CURVE server, and sees a stranger turned away. Borrows everything, the keys
  // until it returns. Code::kPortTaken, kStrangerAdmitted.
  static Result<std::unique_ptr<Network>> Listen(const ZmqContext& context, const std::string& endpoint,
                                                 const record::AgentKeys& keys, const RosterKeeper& roster,
                                                 JournalThread& journal, Outbox& outbox, Board& board);

  void Start();
  // Reads no more messages; replies still leave.
  void StopAccepting() { accepting_ = false; }
  // Ends the thread once the outbox, which must be closed, is empty.
  void Join();
  const std::string& endpoint() const { return endpoint_; }

 private:
  Network(Gate gate, ZmqSocket router, std::string endpoint, const Id16& agent, const RosterKeeper& roster,
          JournalThread& journal, Outbox& outbox, Board& board);

  void Run();
  Status Turn();
  Status ReceiveSome(const Roster& roster);
  Result<bool> ReceiveOne(const Roster& roster);
  void Handle(const Roster& roster, Route route, Result<wire::Message> message);
  void HandlePush(const Roster& roster, Route route, Bytes envelope);
  void HandleAsk(const Roster& roster, Route route, ByteView octets);
  Result<const DomainEntry*> CheckAddress(const Roster& roster, const seal::OpenedBundle& bundle, ByteView peer) const;
  void Refuse(const Route& route, wire::Reply reply, const Error& error);
  void TellRefused(const Error& error, const std::string& peer);
  Status SendOne(const Outgoing& outgoing);
  Result<bool> SendTo(const Bytes& routing_id, const std::vector<Bytes>& frames);

  Gate gate_;
  ZmqSocket router_;
  const std::string endpoint_;
  const Id16 agent_;
  const RosterKeeper& roster_;
  JournalThread& journal_;
  Outbox& outbox_;
  Board& board_;
  std::map<Bytes, Bytes> latest_route_;  // of each peer, by its key
  std::atomic<bool> accepting_{true};
  std::jthread thread_;
};

}  // namespace keyferry::daemon
