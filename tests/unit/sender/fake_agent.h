// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/crypto.h"
#include "protocol/sender/store.h"
#include "protocol/wire/bundle.h"
#include "protocol/wire/message.h"

namespace keyferry::fakes {

// An agent's network side that does what the test says: a ROUTER with CURVE on a free port of loopback.
class FakeAgent {
 public:
  // What arrived: one pushed bundle, or an Ask (envelope empty).
  struct Arrival {
    Bytes envelope;
    Digest digest{};
    std::uint64_t sequence = 0;
  };
  // The replies to it; none: the answer is lost.
  using Script = std::function<std::vector<wire::Reply>(const Arrival&)>;

  explicit FakeAgent(Script script);
  ~FakeAgent();
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  // A domain of this agent as the ceremony would have left it at the KMS.
  sender::DomainRow Domain(const std::string& name) const;

  static wire::Reply Accepted(const Arrival& arrival);
  static wire::Reply Busy(const Arrival& arrival, std::uint32_t retry_after_ms);
  static wire::Reply Expected(const Arrival& arrival, std::uint64_t number);
  static wire::Reply Refused(const Arrival& arrival, Code code);
  // A receipt by the agent alone, for `signer`.
  wire::Reply Receipt(const Arrival& arrival, const Id16& signer) const;

  // Sequences in the order in which they arrived.
  std::vector<std::uint64_t> Arrived() const;

 private:
  void Serve();

  Script script_;
  Ed25519KeyPair identity_;
  Bytes channel_public_;
  std::string channel_secret_;  // CURVE, a throw-away of the test
  std::string endpoint_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> arrived_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace keyferry::fakes
