// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/base/file.h"
#include "protocol/base/json.h"
#include "protocol/base/sqlite.h"

namespace keyferry::daemon {

// The audit log: rows of the journal's own transactions, and a file of JSON lines written from the committed rows.
//
// A line is {"n":…,"time":…,"event":…, …,"prev":…}: `n` counts from 1, `prev` is the hash of the line before in
// hexadecimal (64 zeros in the first), and a line's hash is SHA-256(prev's 32 octets ‖ the line without its newline).
// One thread.
class AuditLog {
 public:
  static constexpr std::string_view kSchema =
      "CREATE TABLE audit (n INTEGER PRIMARY KEY, time INTEGER NOT NULL, line TEXT NOT NULL, hash BLOB NOT NULL, "
      "ends INTEGER NOT NULL);";

  // Brings the file level with the rows: lines that a crash kept from it are written now. Lines that the rows do not
  // know, or others than theirs, are Code::kStoreUnreadable (the last thousand are compared).
  static Result<AuditLog> Open(Database& database, const std::string& path);

  // Adds a row to the transaction at hand; `event`: an object whose first member is "event".
  Status Append(UnixSeconds time, const Json& event);
  // After the commit: writes what was appended to the file. A file that cannot be written is an error, and tried again
  // at the next call: the rows are there.
  Status Flush();
  // After a rollback: forgets what was appended.
  Status Forget();
  // Makes the file itself durable; it is made anew from the rows where it was not.
  Status Sync();

  std::uint64_t count() const { return head_.count; }
  const Digest& head() const { return head_.hash; }
  // Lines that Open had to write.
  std::uint64_t restored() const { return restored_; }

 private:
  struct Head {
    std::uint64_t count = 0;
    Digest hash{};
    std::int64_t ends = 0;  // octets of the file up to and with this line
  };

  AuditLog(Statement insert, Statement last, UniqueFd file)
      : insert_(std::move(insert)), last_(std::move(last)), file_(std::move(file)) {}
  Result<Head> ReadHead();
  Status Recover(Database& database, const std::string& path);
  Status CheckLine(const std::string& line, std::int64_t start, std::int64_t size, const std::string& path);

  Statement insert_;
  Statement last_;
  UniqueFd file_;
  Head head_;
  std::string unwritten_;  // lines of committed rows, then of the transaction at hand
  std::size_t committed_ = 0;
  std::uint64_t restored_ = 0;
};

}  // namespace keyferry::daemon
