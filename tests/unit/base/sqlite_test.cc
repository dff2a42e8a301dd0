// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/sqlite.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "protocol/base/file.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry {
namespace {

constexpr std::string_view kSchema =
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, data BLOB) STRICT;"
    "CREATE TABLE part (thing INTEGER NOT NULL REFERENCES thing (id)) STRICT";

class SqliteTest : public testing::Test {
 protected:
  Result<Database> Open(int version = 1) { return Database::Open(path_, kSchema, version); }

  Code CodeOfOpen(int version = 1) {
    const auto database = Open(version);
    EXPECT_FALSE(database) << "must not open";
    if (database) return Code::kInternal;
    EXPECT_NE(database.error().what().find(path_), std::string::npos) << database.error().what();
    return database.error().code();
  }

  static std::string First(Database& database, std::string_view sql) {
    auto statement = database.Prepare(sql);
    if (!statement) return statement.error().OneLine();
    const auto row = statement->Step();
    if (!row) return row.error().OneLine();
    return *row ? statement->Text(0) : "no row";
  }

  Bytes Octets() { return ReadFile(path_, 1 << 24).value(); }

  // A closed database with many rows.
  void MakeFilled() {
    auto database = Open();
    ASSERT_TRUE(database);
    auto insert = database->Prepare("INSERT INTO thing (data) VALUES (?1)");
    ASSERT_TRUE(insert);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(insert->Bind(1, Bytes(1000, 0xab)).Run());
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.Path("journal.db");
};

TEST_F(SqliteTest, HasItsSettings) {
  auto database = Open();
  ASSERT_TRUE(database) << database.error().OneLine();
  EXPECT_EQ(First(*database, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(First(*database, "PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(First(*database, "PRAGMA foreign_keys"), "1");
  EXPECT_EQ(First(*database, "PRAGMA user_version"), "1");
  EXPECT_NE(First(*database, "PRAGMA busy_timeout"), "0");
  EXPECT_FALSE(database->Execute("INSERT INTO part VALUES (7)")) << "foreign keys must hold";
}

TEST_F(SqliteTest, SettingsHoldAfterReopening) {
  ASSERT_TRUE(Open());
  auto database = Open();
  ASSERT_TRUE(database) << database.error().OneLine();
  EXPECT_EQ(First(*database, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(First(*database, "PRAGMA synchronous"), "2");
  EXPECT_EQ(First(*database, "PRAGMA foreign_keys"), "1");
}

TEST_F(SqliteTest, IsTheOwnersAlone) {
  const mode_t before = umask(0);
  auto database = Open();
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->Execute("INSERT INTO thing DEFAULT VALUES"));
  umask(before);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts = {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &facts), 0) << suffix;
    EXPECT_EQ(facts.st_mode & 07777, 0600U) << suffix;
  }
}

TEST_F(SqliteTest, BindsAndReads) {
  auto database = Open();
  ASSERT_TRUE(database);
  auto insert = database->Prepare("INSERT INTO thing VALUES (?1, ?2, ?3)");
  ASSERT_TRUE(insert);
  ASSERT_TRUE(insert->Bind(1, std::int64_t{-1}).Bind(2, "é").Bind(3, ByteView(Bytes{0, 255})).Run());
  ASSERT_TRUE(insert->Bind(1, std::int64_t{2}).Bind(2, std::string_view()).Bind(3, ByteView()).Run());
  ASSERT_TRUE(insert->Bind(1, std::int64_t{3}).BindNull(2).BindNull(3).Run());
  auto select = database->Prepare("SELECT id, name, data FROM thing ORDER BY id");
  ASSERT_TRUE(select);
  ASSERT_EQ(select->Step(), true);
  EXPECT_EQ(select->Integer(0), -1);
  EXPECT_EQ(select->Text(1), "é");
  EXPECT_EQ(select->Blob(2), (Bytes{0, 255}));
  ASSERT_EQ(select->Step(), true);
  EXPECT_FALSE(select->IsNull(1)) << "an empty text is no NULL";
  EXPECT_FALSE(select->IsNull(2)) << "an empty blob is no NULL";
  EXPECT_EQ(select->Text(1), "");
  EXPECT_EQ(select->Blob(2), Bytes());
  ASSERT_EQ(select->Step(), true);
  EXPECT_TRUE(select->IsNull(1) && select->IsNull(2));
  ASSERT_EQ(select->Step(), false);
  ASSERT_EQ(select->Step(), true) << "a statement that is done can run again";
}

TEST_F(SqliteTest, TransactionsHoldOrAreUndone) {
  auto database = Open();
  ASSERT_TRUE(database);
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->Execute("INSERT INTO thing (name) VALUES ('undone')"));
  }
  EXPECT_EQ(First(*database, "SELECT count(*) FROM thing"), "0");
  auto transaction = Transaction::Begin(*database);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database->Execute("INSERT INTO thing (name) VALUES ('kept')"));
  ASSERT_TRUE(transaction->Commit());
  EXPECT_EQ(First(*database, "SELECT name FROM thing"), "kept");
}

TEST_F(SqliteTest, ACommitSurvivesAKill) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto database = Open();
    if (!database || !database->Execute("INSERT INTO thing (name) VALUES ('kept')")) _exit(1);
    if (!database->Execute("BEGIN IMMEDIATE; INSERT INTO thing (name) VALUES ('lost')")) _exit(1);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto database = Open();
  ASSERT_TRUE(database) << database.error().OneLine();
  EXPECT_EQ(First(*database, "SELECT group_concat(name) FROM thing"), "kept");
}

TEST_F(SqliteTest, RefusesAnotherVersion) {
  ASSERT_TRUE(Open(1));
  EXPECT_EQ(CodeOfOpen(2), Code::kStoreUnreadable);
  EXPECT_TRUE(Open(1)) << "and leaves it as it was";
}

TEST_F(SqliteTest, RefusesWhatIsNoDatabaseAndLeavesIt) {
  const Bytes garbage(8192, 0x5a);
  ASSERT_TRUE(WriteDurably(path_, garbage, 0600));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
  EXPECT_EQ(Octets(), garbage);
}

TEST_F(SqliteTest, RefusesAnEmptyFile) {
  ASSERT_TRUE(WriteDurably(path_, {}, 0600));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
  EXPECT_TRUE(Octets().empty());
}

TEST_F(SqliteTest, RefusesADamagedPageAndLeavesIt) {
  MakeFilled();
  Bytes octets = Octets();
  ASSERT_GT(octets.size(), 40'000U);
  std::fill(octets.begin() + 8192, octets.begin() + 16384, std::uint8_t{0xff});
  ASSERT_TRUE(WriteDurably(path_, octets, 0600));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
  EXPECT_EQ(Octets(), octets);
}

TEST_F(SqliteTest, RefusesAFileCutShort) {
  MakeFilled();
  Bytes octets = Octets();
  octets.resize(16384);
  ASSERT_TRUE(WriteDurably(path_, octets, 0600));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
}

TEST_F(SqliteTest, RefusesALogWithoutItsDatabase) {
  ASSERT_TRUE(WriteDurably(path_ + "-wal", AsBytes("left behind"), 0600));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
  EXPECT_FALSE(Exists(path_));
}

TEST_F(SqliteTest, RefusesADirectoryInItsPlace) {
  ASSERT_TRUE(MakeDirectories(path_, 0700));
  EXPECT_EQ(CodeOfOpen(), Code::kStoreUnreadable);
}

// What a crash in the middle of making a store leaves stands beside its place, and the next start makes it anew.
TEST_F(SqliteTest, AHalfMadeStoreIsMadeAnew) {
  ASSERT_TRUE(WriteDurably(path_ + ".new", AsBytes("half"), 0600));
  ASSERT_TRUE(WriteDurably(path_ + ".new-journal", AsBytes("half"), 0600));
  auto database = Open();
  ASSERT_TRUE(database) << database.error().OneLine();
  EXPECT_EQ(First(*database, "SELECT count(*) FROM thing"), "0");
  EXPECT_FALSE(Exists(path_ + ".new"));
  EXPECT_FALSE(Exists(path_ + ".new-journal"));
}

TEST_F(SqliteTest, ABadSchemaLeavesNoStore) {
  EXPECT_FALSE(Database::Open(path_, "CREATE TABLE a (x); CREATE NONSENSE", 1));
  EXPECT_FALSE(Exists(path_));
}

TEST_F(SqliteTest, SaysThatItIsFull) {
  auto database = Open();
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->Execute("PRAGMA max_page_count=8"));
  auto insert = database->Prepare("INSERT INTO thing (data) VALUES (?1)");
  ASSERT_TRUE(insert);
  const auto done = insert->Bind(1, Bytes(100'000, 1)).Run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kStoreFull);
  EXPECT_EQ(done.error().retry(), Retry::kLater);
  EXPECT_TRUE(insert->Bind(1, Bytes(10, 1)).Run()) << "and goes on afterwards";
}

TEST_F(SqliteTest, AWrongStatementIsAnError) {
  auto database = Open();
  ASSERT_TRUE(database);
  EXPECT_EQ(database->Prepare("SELECT nothing FROM nowhere").error().code(), Code::kStoreFailed);
  EXPECT_EQ(database->Execute("NONSENSE").error().code(), Code::kStoreFailed);
}

}  // namespace
}  // namespace keyferry
