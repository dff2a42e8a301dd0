// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "protocol/base/file.h"

namespace keyferry {
namespace {

constexpr int kBusyMilliseconds = 10'000;

Code CodeOf(int result) {
  switch (result & 0xFF) {  // the primary code of an extended one
    case SQLITE_FULL:
      return Code::kStoreFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Code::kStoreUnreadable;
    default:
      return Code::kStoreFailed;
  }
}

Error Failed(sqlite3* handle, std::string what) {
  const int result = sqlite3_extended_errcode(handle);
  const int system = sqlite3_system_errno(handle);
  std::string cause = "SQLite " + std::to_string(result) + ": " + Printable(sqlite3_errmsg(handle), 300);
  if (system != 0) cause += " (errno " + std::to_string(system) + ")";
  return Error::Caused(CodeOf(result), std::move(what), std::move(cause))
      .WithNative(static_cast<std::uint64_t>(result));
}

// A wrong index or a statement that is in use is a mistake in this program; a full memory ends it as everywhere else.
void MustBind(int result) {
  if (result != SQLITE_OK) std::abort();
}

std::string Quoted(const std::string& path) { return "'" + Printable(path, 512) + "'"; }

Error Unreadable(const std::string& path, std::string_view why) {
  return Error::Make(Code::kStoreUnreadable, "store " + Quoted(path) + " " + std::string(why));
}

Result<sqlite3*> OpenHandle(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(path.c_str(), &handle, flags, nullptr) != SQLITE_OK) {
    auto error = Failed(handle, "cannot open store " + Quoted(path));
    sqlite3_close_v2(handle);
    return std::unexpected(std::move(error));
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return handle;
}

Result<std::string> FirstText(Database& database, std::string_view sql) {
  KF_TRY(Statement statement, database.Prepare(sql));
  KF_TRY(const bool row, statement.Step());
  return row ? statement.Text(0) : std::string();
}

// Makes a new database beside its place and links it there when it is whole, so that a file under that name is never a
// half-made one: an empty file is then damage, and not a store without memory.
Status Create(const std::string& path, Database& database, std::string_view schema, int version) {
  KF_CHECK(database.Execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; BEGIN IMMEDIATE"));
  KF_CHECK_WITH(database.Execute(schema), "making the tables of " + Quoted(path));
  return database.Execute("PRAGMA user_version=" + std::to_string(version) + "; COMMIT");
}

Status PutInPlace(const std::string& aside, const std::string& path) {
  if (link(aside.c_str(), path.c_str()) != 0) {
    return std::unexpected(Error::FromErrno(Code::kStoreFailed, "cannot make store " + Quoted(path)));
  }
  return RemoveDurably(aside);  // syncs the directory with both changes
}

// The file is there and has the mode before SQLite, which follows the umask, sees it.
Status MakeEmptyFile(const std::string& path) {
  unlink(path.c_str());
  unlink((path + "-journal").c_str());
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return std::unexpected(
        Error::FromErrno(errno == ENOSPC ? Code::kStoreFull : Code::kStoreFailed, "cannot make store " + Quoted(path)));
  }
  return {};
}

Status CheckContent(const std::string& path, Database& database, int version) {
  KF_TRY_WITH(const std::string found, FirstText(database, "PRAGMA user_version"), "reading store " + Quoted(path));
  if (found == "0") return std::unexpected(Unreadable(path, "is empty, or not of this program"));
  if (found != std::to_string(version)) {
    return std::unexpected(
        Unreadable(path, "is of version " + found + "; this program knows version " + std::to_string(version)));
  }
  KF_TRY_WITH(const std::string verdict, FirstText(database, "PRAGMA quick_check(1)"),
              "checking store " + Quoted(path));
  if (verdict != "ok") return std::unexpected(Unreadable(path, "is damaged: " + Printable(verdict)));
  return {};
}

}  // namespace

Result<Database> Database::Open(const std::string& path, std::string_view schema, int version) {
  if (version <= 0) std::abort();  // 0 is what a file that is not ours has
  if (!Exists(path)) {
    // SQLite would play such a log into the new database.
    if (Exists(path + "-wal")) return std::unexpected(Unreadable(path, "is gone, but its write-ahead log is there"));
    const std::string aside = path + ".new";
    KF_CHECK(MakeEmptyFile(aside));
    KF_TRY(sqlite3* const handle, OpenHandle(aside));
    {
      Database fresh(handle);
      KF_CHECK(Create(path, fresh, schema, version));
    }
    KF_CHECK(PutInPlace(aside, path));
  }
  KF_TRY(sqlite3* const handle, OpenHandle(path));
  Database database(handle);
  KF_CHECK(CheckContent(path, database, version));
  KF_CHECK_WITH(database.Execute("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL"),
                "opening store " + Quoted(path));
  KF_TRY(const std::string mode, FirstText(database, "PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return std::unexpected(Error::Make(Code::kStoreFailed, "store " + Quoted(path) + " cannot have a write-ahead log")
                               .NextStep("put the state directory on a local file system"));
  }
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Status Database::Execute(std::string_view sql) {
  if (sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(Failed(handle_, "a change of the store failed"));
  }
  return {};
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return std::unexpected(Failed(handle_, "cannot prepare a statement for the store"));
  }
  return Statement(statement);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Statement& Statement::Bind(int index, std::int64_t value) {
  if (sqlite3_stmt_busy(handle_) != 0) Reset();
  MustBind(sqlite3_bind_int64(handle_, index, value));
  return *this;
}

Statement& Statement::Bind(int index, std::string_view value) {
  if (sqlite3_stmt_busy(handle_) != 0) Reset();
  const char* data = value.empty() ? "" : value.data();  // null data would bind NULL
  MustBind(sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(int index, ByteView value) {
  if (sqlite3_stmt_busy(handle_) != 0) Reset();
  if (value.empty()) {
    MustBind(sqlite3_bind_zeroblob(handle_, index, 0));
  } else {
    MustBind(sqlite3_bind_blob64(handle_, index, value.data(), value.size(), SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::BindNull(int index) {
  if (sqlite3_stmt_busy(handle_) != 0) Reset();
  MustBind(sqlite3_bind_null(handle_, index));
  return *this;
}

Result<bool> Statement::Step() {
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    Reset();
    return false;
  }
  auto error = Failed(sqlite3_db_handle(handle_), "a step in the store failed");
  Reset();
  return std::unexpected(std::move(error));
}

Status Statement::Run() {
  for (;;) {
    KF_TRY(const bool row, Step());
    if (!row) return {};
  }
}

void Statement::Reset() { sqlite3_reset(handle_); }

std::int64_t Statement::Integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string Statement::Text(int column) const {
  const ByteView text(sqlite3_column_text(handle_, column),
                      static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
  return std::string(AsText(text));
}

Bytes Statement::Blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  const ByteView blob(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
  return {blob.begin(), blob.end()};
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Result<Transaction> Transaction::Begin(Database& database) {
  KF_CHECK(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

// A failed COMMIT leaves the transaction open; SQLite may also have ended it by itself, and then this changes nothing.
Transaction::~Transaction() {
  if (database_ == nullptr) return;
  [[maybe_unused]] const Status status = database_->Execute("ROLLBACK");
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Status Transaction::Commit() {
  KF_CHECK(database_->Execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace keyferry
