// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/crypto.h"
#include "protocol/base/file.h"
#include "protocol/base/item.h"
#include "protocol/base/sqlite.h"

namespace keyferry::sender {

// A domain of an agent as the ceremony left it, and how its agent is reached.
struct DomainRow {
  std::string name;  // chosen by the KMS's operators; unique
  Id16 agent{};
  Ed25519PublicKey agent_key{};
  Bytes channel_key;     // the agent's CURVE public key, 32 octets
  std::string endpoint;  // "tcp://HOST:PORT"
  Id16 domain{};
  std::uint32_t generation = 1;
  Bytes receipt_key;  // DER SubjectPublicKeyInfo, P-256
  std::uint64_t next_sequence = 1;
  std::string stopped;  // why nothing is sent any more; empty: it is
};

struct BundleRow {
  std::uint64_t sequence = 0;
  Digest digest{};  // SHA-256 of the envelope
  Bytes envelope;   // empty once there is a receipt
  Bytes receipt;    // empty until there is one
};

// The KMS's side of every delivery: DIRECTORY/sender.db. Durable before anything is sent.
// Code::kStoreUnreadable, kStoreFull, kStoreFailed, kAgentUnknown (names the domains that are known).
class Store {
 public:
  static Result<Store> Open(const std::string& directory);

  Status PutDomain(const DomainRow& domain);  // keeps next_sequence and stopped of a domain that is there
  Result<DomainRow> FindDomain(const std::string& name);
  Result<std::vector<DomainRow>> Domains();
  Status SetEndpoint(const std::string& domain, const std::string& endpoint);
  Status Stop(const std::string& domain, const std::string& why);
  // One process at a time sends to a domain.
  Result<LockFile> LockDomain(const std::string& domain) const;

  // Stores a sealed bundle under `sequence`, which must be the domain's next number, and counts that up.
  Status AddBundle(const std::string& domain, std::uint64_t sequence, const Digest& digest, ByteView envelope);
  // The bundles without a receipt from `sequence` on, at most `most`, in order.
  Result<std::vector<BundleRow>> Unreceipted(const std::string& domain, std::uint64_t sequence, std::size_t most);
  Result<std::optional<BundleRow>> FindBundle(const std::string& domain, std::uint64_t sequence);
  Status PutReceipt(const std::string& domain, std::uint64_t sequence, ByteView receipt);
  // The highest number that has a receipt; 0: none has.
  Result<std::uint64_t> HighestReceipted(const std::string& domain);
  Result<std::vector<BundleRow>> Bundles(const std::string& domain);

 private:
  Store(Database database, std::string directory) : database_(std::move(database)), directory_(std::move(directory)) {}

  Database database_;
  std::string directory_;
};

}  // namespace keyferry::sender
