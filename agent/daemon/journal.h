// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/daemon/audit_log.h"
#include "agent/daemon/corridor.h"
#include "agent/daemon/divergence.h"
#include "protocol/base/clock.h"
#include "protocol/base/sqlite.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/wire/message.h"

namespace keyferry::daemon {

// What was decided about a pushed bundle or an Ask.
struct Decision {
  enum class Kind : std::uint8_t {
    kAccepted,     // journalled; the reply may be sent once the group is committed
    kRefused,      // authentic and past accept_before: consumed its number, its receipt is in the reply
    kServedAgain,  // its receipt, or that it is in progress
    kTurnedAway,   // nothing stored: busy, expected N, or a number that was used
  };
  Kind kind = Kind::kTurnedAway;
  wire::Reply reply;
  std::int64_t row = 0;  // of the bundle that the reply speaks of; 0: none
};

// What was accepted, what was concluded, and the audit log, in one SQLite database. One thread; every call but Open,
// InOne and the accessors is made inside of InOne.
class Journal {
 public:
  // A clock that is further behind the latest time seen stops dated bundles (Code::kClockBehind).
  static constexpr UnixSeconds kClockSlack = 5 * 60;
  static constexpr std::uint32_t kBusyRetryMs = 250;
  static constexpr std::uint32_t kClockRetryMs = 30'000;

  // Opens or creates it. Code::kStoreUnreadable where it is damaged, or gone while the audit log is there: it is never
  // started empty. Borrows `agent` and `clock`.
  static Result<std::unique_ptr<Journal>> Open(const std::string& path, const std::string& audit_path,
                                               const Ed25519KeyPair& agent, const Clock& clock);

  ~Journal();

  // Runs `work` as one transaction: all of it is durable when this returns, or nothing of it happened.
  Status InOne(const std::function<Status()>& work);

  // Decides about an authentic bundle that was addressed to this agent and to a domain that may hold `queue` bundles
  // accepted and not concluded.
  Result<Decision> Admit(const seal::OpenedBundle& bundle, std::size_t queue, wire::Separation separation);
  Result<Decision> Find(const wire::Ask& ask);

  // The earliest bundle of the domain that is not concluded. `begin`: a worker is about to see it.
  Result<std::optional<Admission>> Take(const Id16& domain, bool begin);
  Status MarkBegun(std::int64_t row);
  Status MarkLost(std::int64_t row);

  // Stores the outcome and the receipt, and drops the envelope. Concluding once more gives the stored receipt.
  Result<Receipt> Conclude(const Conclusion& conclusion, wire::Separation separation);

  // Adds a line to the audit log; `event`: its first member is "event".
  Status Note(const Json& event) { return audit_.Append(clock_.Now(), event); }

  // Remembers the present time, if it is later than any seen.
  Status SeeTime();
  bool ClockBehind() const { return clock_.Now() + kClockSlack < latest_; }

  Result<std::size_t> Pending(const Id16& domain);
  // Of each of `signers` in the domain.
  Result<std::vector<SignerNumbers>> Numbers(const Id16& domain, std::span<const Id16> signers);
  AuditLog& audit() { return audit_; }
  UnixSeconds latest_time() const { return latest_; }

 private:
  struct Rows;
  struct Stored;
  Journal(Database database, AuditLog audit, const Ed25519KeyPair& agent, const Clock& clock);
  Result<std::optional<Stored>> Look(const Id16& signer, const Id16& domain, std::uint64_t sequence);
  Result<std::uint64_t> Last(const Id16& signer, const Id16& domain);
  Result<std::int64_t> Insert(const seal::OpenedBundle& bundle);
  Result<Decision> Refuse(const seal::OpenedBundle& bundle, wire::Separation separation);
  Result<UnixSeconds> ReadLatest();

  Database database_;
  AuditLog audit_;
  const Ed25519KeyPair& agent_;
  const Clock& clock_;
  std::unique_ptr<Rows> rows_;  // its statements end before the database does
  UnixSeconds latest_ = 0;
};

}  // namespace keyferry::daemon
