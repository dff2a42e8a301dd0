// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "agent/daemon/board.h"
#include "agent/daemon/roster.h"
#include "protocol/base/clock.h"
#include "protocol/base/json.h"
#include "protocol/channel/channel.h"

namespace keyferry::daemon {

// What does not change while the daemon runs.
struct Facts {
  std::string version;
  Id16 agent{};
  std::string channel_key;  // CURVE public key, Z85
  std::string endpoint;
  std::chrono::steady_clock::time_point started;
};

// Answers on the control socket, in JSON:
//   {"version", "agent" (hex), "channel_key" (Z85), "listen", "uptime_seconds", "clock_behind",
//    "domains": [{"name", "bootstrapped", "domain" (hex or null), "generation", "stopped" (code or null),
//                 "worker": {"reachable", "condition", "code", "message", "token_label", "token_serial", "token_model",
//                            "executed", "objects", "last_sequence", "recovered_sessions", "recovered_logins",
//                            "recovered_modules"},
//                 "queue", "queue_limit", "accepted", "concluded", "refused", "last_delivery" (time or null),
//                 "separation" ("none" or "users"), "template_enforced" (null before the bootstrap)}],
//    "warnings": [text]}
// Counters are since the start, but for "queue". Called by the control socket's thread.
class StatusService final : public channel::ControlService {
 public:
  StatusService(Facts facts, const Board& board, const RosterKeeper& roster, std::function<bool()> clock_behind,
                const Clock& clock)
      : facts_(std::move(facts)),
        board_(board),
        roster_(roster),
        clock_behind_(std::move(clock_behind)),
        clock_(clock) {}

  std::string Status() override;

 private:
  Json Domain(const DomainEntry& domain) const;

  Facts facts_;
  const Board& board_;
  const RosterKeeper& roster_;
  std::function<bool()> clock_behind_;
  const Clock& clock_;
};

}  // namespace keyferry::daemon
