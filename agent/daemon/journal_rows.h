// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

#include "agent/daemon/audit_log.h"
#include "agent/daemon/journal.h"

namespace keyferry::daemon {

// `bundle`: every number that was consumed. `id` is the order of arrival; `envelope` is there until `receipt` is;
// `in_ledger`: see IsInLedger.
inline constexpr std::string_view kJournalSchema =
    "CREATE TABLE bundle (id INTEGER PRIMARY KEY, signer BLOB NOT NULL, domain BLOB NOT NULL, sequence INTEGER NOT "
    "NULL, "
    "digest BLOB NOT NULL, received_at INTEGER NOT NULL, install_before INTEGER NOT NULL, begun INTEGER NOT NULL, "
    "lost INTEGER NOT NULL, envelope BLOB, outcome INTEGER, concluded_at INTEGER, receipt BLOB, "
    "in_ledger INTEGER NOT NULL DEFAULT 0, "
    "UNIQUE (signer, domain, sequence));"
    "CREATE INDEX pending ON bundle (domain, id) WHERE receipt IS NULL;"
    "CREATE TABLE latest (one INTEGER PRIMARY KEY CHECK (one = 1), time INTEGER NOT NULL);";
inline constexpr int kJournalVersion = 2;

// The journal's statements, compiled once.
struct Journal::Rows {
  static Result<std::unique_ptr<Rows>> Prepare(Database& database);

  Statement look;        // (signer, domain, sequence) → id, digest, receipt
  Statement last;        // (signer, domain) → highest sequence
  Statement executed;    // (signer, domain) → highest sequence that is in the worker's ledger
  Statement insert;      // (signer, domain, sequence, digest, received_at, install_before, envelope)
  Statement inserted;    // → id
  Statement pending;     // (domain) → count
  Statement take;        // (domain) → the earliest that is not concluded
  Statement begin;       // (id)
  Statement lose;        // (id)
  Statement conclude;    // (id, outcome, concluded_at, receipt, in_ledger)
  Statement receipt_of;  // (id) → receipt
  Statement read_latest;
  Statement write_latest;  // (time)
};

// A row that was found.
struct Journal::Stored {
  std::int64_t row = 0;
  Bytes digest;
  Bytes receipt;  // empty: not concluded
};

}  // namespace keyferry::daemon
