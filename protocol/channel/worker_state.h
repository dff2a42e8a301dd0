// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/item.h"

namespace keyferry::channel {

enum class WorkerCondition : std::uint8_t {
  kStarting = 1,
  kServing = 2,
  kNotBootstrapped = 3,
  kLatched = 4,  // a PIN was refused; no further try until the latch is opened
  kHsmAway = 5,  // token missing or failing; tried again by itself
  kStopped = 6,  // root key or record differ, ledger unreadable: needs an operator
};
std::string_view Name(WorkerCondition value);  // "serving", "not-bootstrapped", …

// The highest number of one signer in a worker's ledger, begun or done.
struct LastOfSigner {
  Id16 signer{};
  std::uint64_t last = 0;
  bool operator==(const LastOfSigner&) const = default;
};

struct WorkerState {
  WorkerCondition condition = WorkerCondition::kStarting;
  std::string code;     // stable name where the condition is an error's
  std::string message;  // three lines of it, for people
  std::string domain_name;
  std::optional<Id16> domain;
  std::uint32_t generation = 0;
  std::string token_label, token_serial, token_model;
  bool template_enforced = false;
  std::uint64_t executed = 0;                       // bundles since start
  std::uint64_t last_sequence = 0;                  // highest in the ledger, over all signers
  std::optional<std::vector<LastOfSigner>> ledger;  // each signer once; nullopt: not read yet
  std::uint64_t objects = 0;                        // that the ledger holds
  std::uint64_t recovered_sessions = 0, recovered_logins = 0, recovered_modules = 0;  // rungs of the recovery ladder
};

}  // namespace keyferry::channel
