// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace keyferry {

class Statement;

// One SQLite database, opened with journal_mode=WAL and synchronous=FULL, so that a committed transaction survives
// power loss. One thread at a time. Errors: Code::kStoreUnreadable (cannot be opened, damaged, of another version: it
// is never replaced by an empty one), kStoreFull, kStoreFailed.
class Database {
 public:
  // Creates the file (mode 0600) and runs `schema` where the file does not exist yet; else checks that
  // PRAGMA user_version is `version` (above 0) and runs PRAGMA quick_check. A new database is made whole under the name
  // `path`.new first: a file at `path` that is empty is damage. One process at a time may do this.
  static Result<Database> Open(const std::string& path, std::string_view schema, int version);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  Status Execute(std::string_view sql);
  // Compiles once; the statement must not outlive the database.
  Result<Statement> Prepare(std::string_view sql);

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_ = nullptr;
};

// A compiled statement. Bind 1-based, Step, read 0-based columns, Reset.
class Statement {
 public:
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  Statement& Bind(int index, std::int64_t value);
  Statement& Bind(int index, std::string_view value);
  Statement& Bind(int index, ByteView value);
  Statement& BindNull(int index);
  // True: a row is there to read. False: done (and reset).
  Result<bool> Step();
  // Runs to the end, ignoring rows, and resets.
  Status Run();
  void Reset();

  std::int64_t Integer(int column) const;
  std::string Text(int column) const;
  Bytes Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  sqlite3_stmt* handle_ = nullptr;
};

// BEGIN IMMEDIATE … COMMIT; rolled back where Commit was not reached.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace keyferry
