// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <string>

#include "agent/daemon/queue.h"
#include "protocol/base/json.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/wire/message.h"

// What the network hands to the journal's thread, and gets back from it.
namespace keyferry::daemon {

// Whom a reply goes to: one connection of a peer.
struct Route {
  Bytes routing_id;
  Bytes peer;  // its CURVE key
};

struct Outgoing {
  Route route;
  wire::Reply reply;
};
using Outbox = BoundedQueue<Outgoing>;

// A pushed bundle: authentic, and addressed to a domain that may hold `queue` of them.
struct PushCommand {
  Route route;
  seal::OpenedBundle bundle;
  std::size_t queue = 0;
  wire::Separation separation = wire::Separation::kNone;
};
struct AskCommand {
  Route route;
  wire::Ask ask;
};
// An audit event that outsiders can cause: tallied by `key`.
struct NoteCommand {
  std::string key;
  Json event;
};

}  // namespace keyferry::daemon
