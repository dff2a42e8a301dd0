// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/daemon/journal_rows.h"
#include "tests/unit/daemon/journal_fixture.h"

namespace keyferry::daemon {
namespace {

class AuditLogTest : public JournalTest {
 protected:
  // Five lines, then closed.
  void SetUp() override {
    Open();
    for (const std::uint64_t sequence : {1U, 2U, 3U, 4U, 5U}) Push({.sequence = sequence});
    text = Read();
    Close();
  }
  std::string Read() const {
    std::ostringstream all;
    all << std::ifstream(AuditPath()).rdbuf();
    return all.str();
  }
  void Write(const std::string& content) const { std::ofstream(AuditPath(), std::ios::trunc) << content; }
  Code FailureOfOpen() const {
    const auto opened = Journal::Open(JournalPath(), AuditPath(), agent, clock);
    return opened ? Code::kInternal : opened.error().code();
  }

  std::string text;
};

TEST_F(AuditLogTest, EveryLineIsChainedToTheOneBefore) {
  Digest head{};
  int number = 0;
  for (const std::string& line : AuditLines()) {
    const auto json = Json::Parse(line);
    ASSERT_TRUE(json);
    EXPECT_EQ(*json->Integer("n"), ++number);
    EXPECT_EQ(*json->Text("event"), "accepted");
    EXPECT_EQ(*json->Text("time"), "2027-01-15T08:00:00Z");
    EXPECT_EQ(*json->Text("prev"), HexEncode(head));
    head = Sha256({ByteView(head), AsBytes(line)});
  }
  EXPECT_EQ(number, 5);
  Open();
  EXPECT_EQ(journal->audit().count(), 5U);
  EXPECT_EQ(journal->audit().head(), head);
}

TEST_F(AuditLogTest, ATailThatACrashKeptFromTheFileIsWrittenAtTheNextStart) {
  for (const std::size_t kept : {text.size(), text.size() - 1, text.size() - 40, text.size() / 2, std::size_t{0}}) {
    Write(text.substr(0, kept));
    Open();
    EXPECT_EQ(Read(), text) << kept << " octets kept";
    EXPECT_EQ(journal->audit().restored() > 0, kept < text.size());
    Close();
  }
  std::filesystem::remove(AuditPath());
  Open();
  EXPECT_EQ(Read(), text);
}

TEST_F(AuditLogTest, MoreOrOtherLinesThanTheRowsStopTheStart) {
  Write(text + "{\"n\":6}\n");
  EXPECT_EQ(FailureOfOpen(), Code::kStoreUnreadable);
  for (const std::size_t at : {std::size_t{10}, text.size() / 2, text.size() - 3}) {
    std::string changed = text;
    changed[at] ^= 1;
    Write(changed);
    EXPECT_EQ(FailureOfOpen(), Code::kStoreUnreadable) << "octet " << at;
    Write(changed.substr(0, text.size() - 2));
    EXPECT_EQ(FailureOfOpen(), Code::kStoreUnreadable) << "octet " << at << ", cut";
  }
  Write(text);
  EXPECT_EQ(FailureOfOpen(), Code::kInternal) << "the unchanged file opens";
}

TEST_F(AuditLogTest, ARowThatWasChangedInTheJournalStopsTheStart) {
  {
    auto database = Database::Open(JournalPath(), "", kJournalVersion);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->Execute("UPDATE audit SET line = replace(line, '\"sequence\":3', '\"sequence\":9')"));
  }
  std::string changed = text;
  changed.replace(changed.find("\"sequence\":3"), 12, "\"sequence\":9");
  Write(changed);
  EXPECT_EQ(FailureOfOpen(), Code::kStoreUnreadable);
}

TEST_F(AuditLogTest, ALogLongerThanWhatIsComparedIsRestoredWhole) {
  Open();
  ASSERT_TRUE(journal->InOne([&]() -> Status {
    for (int i = 0; i < 1500; ++i) KF_CHECK(journal->Note(Json::EmptyObject().Set("event", "filler").Set("i", i)));
    return {};
  }));
  ASSERT_TRUE(journal->audit().Flush());
  Close();
  const std::string whole = Read();
  Write(whole.substr(0, 700));
  Open();
  EXPECT_EQ(Read(), whole);
}

}  // namespace
}  // namespace keyferry::daemon
