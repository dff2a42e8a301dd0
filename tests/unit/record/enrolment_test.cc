// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/enrolment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "protocol/base/file.h"

namespace keyferry::record {
namespace {

class EnrolmentFile : public testing::Test {
 protected:
  EnrolmentFile() {
    InitCrypto();
    std::string form = (std::filesystem::temp_directory_path() / "keyferry-enrolment-XXXXXX").string();
    home_ = mkdtemp(form.data());
  }
  ~EnrolmentFile() override { std::filesystem::remove_all(home_); }

  static Enrolment Sample(std::uint8_t domain) {
    Enrolment enrolment;
    enrolment.stage = EnrolmentStage::kConfirmed;
    enrolment.agent_key.fill(7);
    enrolment.agent = IdOfKey(enrolment.agent_key);
    enrolment.agent_channel.assign(32, 8);
    enrolment.address = "tcp://10.0.0.1:7417";
    enrolment.domain.fill(domain);
    enrolment.domain_name = "payments";
    enrolment.receipt_key = {1, 2, 3};
    enrolment.token = {"payments-hsm", "01", "maker", "model"};
    enrolment.twins = {{RootKey::kAes, {9}}, {RootKey::kSealIn, {10}}};
    enrolment.proofs = {{RootKey::kMac, Bytes(32, 11)}};
    enrolment.answered_at = 5;
    return enrolment;
  }

  std::string home_;
};

TEST_F(EnrolmentFile, ReadsWhatWasSaved) {
  const Enrolment saved = Sample(1);
  ASSERT_TRUE(SaveEnrolment(home_, saved));
  const auto read = LoadEnrolment(home_, saved.domain);
  ASSERT_TRUE(read && read->has_value());
  EXPECT_EQ(ToJson(**read).Dump(), ToJson(saved).Dump());
  EXPECT_EQ((*read)->agent, IdOfKey(saved.agent_key));
  struct stat file{};
  ASSERT_EQ(stat(EnrolmentPath(home_, saved.domain).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(EnrolmentFile, ListsAll) {
  EXPECT_TRUE(LoadEnrolments(home_)->empty());
  ASSERT_TRUE(SaveEnrolment(home_, Sample(2)));
  ASSERT_TRUE(SaveEnrolment(home_, Sample(1)));
  const auto all = LoadEnrolments(home_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].domain[0], 1);
}

TEST_F(EnrolmentFile, DamageIsNotAbsence) {
  const Enrolment saved = Sample(1);
  EXPECT_FALSE(LoadEnrolment(home_, saved.domain)->has_value());
  ASSERT_TRUE(SaveEnrolment(home_, saved));
  ASSERT_TRUE(WriteDurably(EnrolmentPath(home_, saved.domain), AsBytes("{\"format\":1}"), 0600));
  const auto read = LoadEnrolment(home_, saved.domain);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kStoreUnreadable);
  EXPECT_FALSE(LoadEnrolments(home_));
}

}  // namespace
}  // namespace keyferry::record
