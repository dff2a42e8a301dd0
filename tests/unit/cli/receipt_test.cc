// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/receipt.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "bootstrap/record/enrolment.h"
#include "protocol/base/crypto.h"
#include "protocol/base/file.h"
#include "protocol/seal/receipt.h"
#include "protocol/wire/bundle.h"

namespace keyferry::cli {
namespace {

// A receipt that the agent alone attests, and the KMS's enrolment file that names the agent.
class Received : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "receipt-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    auto agent = Ed25519KeyPair::Generate();
    ASSERT_TRUE(agent) << agent.error().ThreeLines();
    wire::ReceiptBody body;
    body.agent = IdOfKey(agent->public_key());
    body.sequence = 7;
    body.code = "time.expired";
    body.message = "too late";
    body.received_at = body.concluded_at = 1795253400;
    receipt_ = seal::SignReceipt(body, *agent);
    record::Enrolment enrolment;
    enrolment.stage = record::EnrolmentStage::kConfirmed;
    enrolment.agent = body.agent;
    enrolment.agent_key = agent->public_key();
    enrolment.agent_channel = Bytes(32, 1);
    enrolment.receipt_key = Bytes(91, 2);
    ASSERT_TRUE(record::SaveEnrolment(directory_, enrolment));
    keys_ = record::EnrolmentPath(directory_, enrolment.domain);
    Write("good", receipt_);
    Bytes changed = receipt_;
    changed.back() ^= 1;
    Write("bad", changed);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  void Write(const std::string& name, const Bytes& octets) const {
    const auto written = WriteDurably(Path(name), octets, 0600);
    ASSERT_TRUE(written) << written.error().ThreeLines();
  }

  std::string directory_;
  std::string keys_;
  Bytes receipt_;
};

TEST_F(Received, GenuineReceiptVerifies) {
  const auto verified = VerifyReceipts({Path("good")}, keys_, false);
  ASSERT_TRUE(verified) << verified.error().ThreeLines();
  EXPECT_EQ(*verified, ExitCode::kOk);
}

TEST_F(Received, ChangedReceiptHasTheExitCodeOfAFailedVerification) {
  EXPECT_EQ(VerifyReceipts({Path("good"), Path("bad")}, keys_, false), ExitCode::kVerificationFailed);
  EXPECT_EQ(VerifyReceipts({Path("bad"), Path("good")}, keys_, true), ExitCode::kVerificationFailed);
}

TEST_F(Received, EveryBitCounts) {
  for (std::size_t i = 0; i < receipt_.size(); ++i) {
    Bytes changed = receipt_;
    changed[i] ^= 0x10;
    Write("bit", changed);
    EXPECT_NE(VerifyReceipts({Path("bit")}, keys_, true), ExitCode::kOk) << "octet " << i;
  }
}

TEST_F(Received, ShowReadsWithoutKeys) {
  EXPECT_EQ(ShowReceipts({Path("good")}, false), ExitCode::kOk);
  EXPECT_EQ(ShowReceipts({Path("missing")}, false), ExitCodeOf(Code::kFileMissing));
}

TEST_F(Received, KeysMustBeThere) {
  const auto verified = VerifyReceipts({Path("good")}, Path("missing"), false);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::kFileMissing);
}

}  // namespace
}  // namespace keyferry::cli
