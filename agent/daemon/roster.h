// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/settings/settings.h"

namespace keyferry::daemon {

// A domain of the settings, and what its record says, where the ceremony has ended.
struct DomainEntry {
  std::string name;
  std::size_t queue = 0;
  std::string socket;
  std::string record_path;
  std::array<std::int64_t, 4> record_mark{};  // which file was read last; see ReadRecord
  std::optional<record::Record> record;       // confirmed, and of this agent
  std::vector<seal::PinnedSigner> signers;
  std::optional<Error> trouble;  // why there is no record, unless it is only not bootstrapped yet

  bool HasPeer(ByteView key) const;
  bool HasSigner(const Id16& signer) const;
};

// Who may do what at one moment: an immutable picture of all domains' records.
struct Roster {
  std::vector<DomainEntry> domains;
  std::vector<seal::PinnedSigner> signers;  // of all domains, each once

  bool HasPeer(ByteView key) const;
  const DomainEntry* Find(const Id16& domain) const;  // bootstrapped ones only
  const DomainEntry* Named(const std::string& name) const;
};

// Keeps the present Roster. Get may be called by any thread, Refresh by one.
class RosterKeeper {
 public:
  // Reads each worker's settings (its socket and where its record lies), then the records. A record that is missing or
  // wrong is no error: its domain admits nobody. Code::kSettingsInvalid….
  static Result<std::unique_ptr<RosterKeeper>> Load(const settings::AgentSettings& settings, Ed25519PublicKey agent);

  std::shared_ptr<const Roster> Get() const;
  // Reads the records again.
  void Refresh();

 private:
  RosterKeeper(Roster roster, Ed25519PublicKey agent);

  const Ed25519PublicKey agent_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Roster> roster_;
};

}  // namespace keyferry::daemon
