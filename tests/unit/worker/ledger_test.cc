// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/ledger.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "tests/unit/base/temporary_directory.h"

namespace keyferry::worker {
namespace {

const Id16 kSigner = {1};
const Id16 kOther = {2};
const Digest kDigest = {7};
const ObjectName kName = {.target = "hsm", .object_class = ObjectClass::kSecretKey, .label = "one"};

seal::SignedStatement StatementOf(std::uint8_t octet) { return {.octets = {octet, 0}, .signature = Bytes(64, octet)}; }

target::Version VersionOf(std::uint8_t id) {
  return {.id = {id},
          .key_type = KeyType::kAes,
          .key_bits = 256,
          .usage = usage::kEncrypt,
          .check_method = CheckMethod::kEcb0,
          .check_value = {1, 2, 3}};
}

class LedgerTest : public testing::Test {
 protected:
  Ledger Open() {
    auto ledger = Ledger::Open(directory_.Path("ledger.db"));
    EXPECT_TRUE(ledger) << ledger.error().OneLine();
    return std::move(*ledger);
  }
  TemporaryDirectory directory_;
};

TEST_F(LedgerTest, IsEmptyWhenItIsNew) {
  Ledger ledger = Open();
  EXPECT_FALSE(ledger.Find({.signer = kSigner, .sequence = 1})->has_value());
  EXPECT_EQ(*ledger.Last(kSigner), 0U);
  EXPECT_FALSE(ledger.HoldingOf(kName)->current);
  EXPECT_EQ(ledger.Summarise()->objects, 0U);
}

TEST_F(LedgerTest, RemembersABundleThatWasBegunAcrossARestart) {
  {
    Ledger ledger = Open();
    ASSERT_TRUE(ledger.Begin({.signer = kSigner, .sequence = 5}, kDigest));
  }
  Ledger ledger = Open();
  const auto entry = ledger.Find({.signer = kSigner, .sequence = 5});
  ASSERT_TRUE(entry && entry->has_value());
  EXPECT_FALSE((*entry)->done);
  EXPECT_EQ((*entry)->digest, kDigest);
  EXPECT_EQ(*ledger.Last(kSigner), 5U);
}

TEST_F(LedgerTest, ConcludesWithOutcomeAndHoldingsAtOnce) {
  const HoldingChange change = {.name = kName, .holding = {.current = VersionOf(2), .previous = VersionOf(1)}};
  {
    Ledger ledger = Open();
    ASSERT_TRUE(ledger.Begin({.signer = kSigner, .sequence = 1}, kDigest));
    ASSERT_TRUE(ledger.Conclude({.signer = kSigner, .sequence = 1}, kDigest, StatementOf(9), 1000, {&change, 1}));
  }
  Ledger ledger = Open();
  const auto entry = ledger.Find({.signer = kSigner, .sequence = 1});
  ASSERT_TRUE(entry && entry->has_value());
  EXPECT_TRUE((*entry)->done);
  EXPECT_EQ((*entry)->statement.octets, StatementOf(9).octets);
  EXPECT_EQ((*entry)->statement.signature, StatementOf(9).signature);
  const auto holding = ledger.HoldingOf(kName);
  ASSERT_TRUE(holding && holding->current && holding->previous);
  EXPECT_EQ(holding->current->id, Bytes{2});
  EXPECT_EQ(holding->previous->id, Bytes{1});
  EXPECT_EQ(holding->current->key_bits, 256U);
  EXPECT_EQ(holding->current->check_value, (Bytes{1, 2, 3}));
  const auto summary = ledger.Summarise();
  EXPECT_EQ(summary->objects, 1U);
  EXPECT_EQ(summary->last_sequence, 1U);
  EXPECT_EQ(summary->lasts, (std::map<Id16, std::uint64_t>{{kSigner, 1}}));
  EXPECT_EQ(summary->latest, 1000);
}

TEST_F(LedgerTest, ForgetsAnObjectWithoutVersions) {
  Ledger ledger = Open();
  const HoldingChange there = {.name = kName, .holding = {.current = VersionOf(1), .previous = {}}};
  const HoldingChange gone = {.name = kName, .holding = {}};
  ASSERT_TRUE(ledger.Conclude({.signer = kSigner, .sequence = 1}, kDigest, StatementOf(1), 1, {&there, 1}));
  ASSERT_TRUE(ledger.Conclude({.signer = kSigner, .sequence = 2}, kDigest, StatementOf(2), 2, {&gone, 1}));
  EXPECT_FALSE(ledger.HoldingOf(kName)->current);
}

TEST_F(LedgerTest, NeverChangesAnOutcomeAndChangesNothingWithIt) {
  Ledger ledger = Open();
  const HoldingChange change = {.name = kName, .holding = {.current = VersionOf(1), .previous = {}}};
  ASSERT_TRUE(ledger.Conclude({.signer = kSigner, .sequence = 1}, kDigest, StatementOf(1), 1, {}));
  const auto again = ledger.Conclude({.signer = kSigner, .sequence = 1}, kDigest, StatementOf(2), 2, {&change, 1});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kStoreUnreadable);
  EXPECT_EQ((*ledger.Find({.signer = kSigner, .sequence = 1}))->statement.octets, StatementOf(1).octets);
  EXPECT_FALSE(ledger.HoldingOf(kName)->current);
  EXPECT_FALSE(ledger.Begin({.signer = kSigner, .sequence = 1}, Digest{8}));
}

TEST_F(LedgerTest, CountsEachSignerByItself) {
  Ledger ledger = Open();
  ASSERT_TRUE(ledger.Begin({.signer = kSigner, .sequence = 7}, kDigest));
  EXPECT_EQ(*ledger.Last(kSigner), 7U);
  EXPECT_EQ(*ledger.Last(kOther), 0U);
  EXPECT_FALSE(ledger.Find({.signer = kOther, .sequence = 7})->has_value());
}

TEST_F(LedgerTest, IsNeverStartedEmptyWhereItIsDamaged) {
  {
    Open();
  }
  const std::string path = directory_.Path("ledger.db");
  std::filesystem::remove(path + "-wal");
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  for (int i = 0; i < 200; ++i) std::fputs("damage!!", file);
  std::fclose(file);
  const auto ledger = Ledger::Open(path);
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code(), Code::kStoreUnreadable);
}

}  // namespace
}  // namespace keyferry::worker
