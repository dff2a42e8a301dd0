// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/base/item.h"
#include "protocol/base/sqlite.h"
#include "protocol/seal/receipt.h"
#include "targets/target/target.h"

namespace keyferry::worker {

// Names one bundle: numbers are counted for each signer.
struct BundleKey {
  Id16 signer{};
  std::uint64_t sequence = 0;  // at most 2^63 - 1
};

// What the ledger knows of a bundle.
struct LedgerEntry {
  bool done = false;                // else begun: the target may have been written to
  Digest digest{};                  // of its envelope
  seal::SignedStatement statement;  // done only: the outcome, as it was answered
};

// By what an object is addressed.
struct ObjectName {
  std::string target;
  ObjectClass object_class = ObjectClass::kSecretKey;
  std::string label;
  auto operator<=>(const ObjectName&) const = default;
};

struct HoldingChange {
  ObjectName name;
  target::Holding holding;  // without a current version: the object is gone
};

// What this worker executed and what it installed: the guard against replay, and the only proof that an object in the
// target is ours. One SQLite file (settings::LedgerPath). One thread at a time. Every change is durable when the
// function returns. Errors: store.*; a damaged ledger is never replaced by an empty one.
class Ledger {
 public:
  static Result<Ledger> Open(const std::string& path);

  Result<std::optional<LedgerEntry>> Find(const BundleKey& key);
  // The highest number of a signer; 0 where there is none.
  Result<std::uint64_t> Last(const Id16& signer);
  Result<target::Holding> HoldingOf(const ObjectName& name);

  // Before the first write to the target.
  Status Begin(const BundleKey& key, const Digest& digest);
  // After the last: outcome and holdings in one transaction, whether begun or not.
  Status Conclude(const BundleKey& key, const Digest& digest, const seal::SignedStatement& statement,
                  UnixSeconds executed_at, std::span<const HoldingChange> changes);

  struct Summary {
    std::uint64_t last_sequence = 0;      // over all signers
    std::map<Id16, std::uint64_t> lasts;  // of each signer, begun or done
    std::uint64_t objects = 0;            // with a current version
    UnixSeconds latest = 0;               // time of the latest conclusion
  };
  Result<Summary> Summarise();

 private:
  struct Statements {
    Statement find, last, versions, begin, conclude, forget, remember;
  };
  Ledger(Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}
  Status StoreHolding(const HoldingChange& change);

  Database database_;
  Statements statements_;  // go before the database
};

}  // namespace keyferry::worker
