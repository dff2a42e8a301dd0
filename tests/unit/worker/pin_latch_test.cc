// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/pin_latch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "protocol/base/file.h"
#include "targets/cryptoki/pkcs11.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry::cryptoki {
namespace {

// Each attempt is made by a latch of its own, as after a restart.
class PinLatchTest : public testing::Test {
 protected:
  Status Try(Status answer, unsigned long flags = 0) {
    return PinLatch(path_).Login(flags, [&] {
      ++tries_;
      return answer;
    });
  }
  // A process that dies inside C_Login.
  void DieInLogin(unsigned long flags = 0) {
    const pid_t child = fork();
    if (child == 0) {
      const Status ignored = PinLatch(path_).Login(flags, []() -> Status { _exit(7); });
      _exit(ignored ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 7);
  }
  static Status Failed(Code code) { return std::unexpected(Error::Make(code, "C_Login")); }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("latch");
  int tries_ = 0;
};

TEST_F(PinLatchTest, LetsARightPinThroughAgainAndAgain) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Try({}));
  EXPECT_EQ(tries_, 5);
  EXPECT_TRUE(PinLatch(path_).Check());
}

TEST_F(PinLatchTest, ShutsAfterOneWrongPinAcrossRestartsUntilOpened) {
  EXPECT_EQ(Try(Failed(Code::kPinWrong)).error().code(), Code::kPinWrong);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
  EXPECT_EQ(tries_, 1);
  EXPECT_EQ(PinLatch(path_).Check().error().code(), Code::kPinLatched);
  ASSERT_TRUE(PinLatch(path_).Open());
  EXPECT_TRUE(Try({}));
  EXPECT_EQ(tries_, 2);
}

TEST_F(PinLatchTest, ShutsWhereTheTokenSaysThatThePinIsLocked) {
  EXPECT_EQ(Try(Failed(Code::kPinLocked)).error().code(), Code::kPinLocked);
  EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
  EXPECT_EQ(tries_, 1);
}

TEST_F(PinLatchTest, StaysOpenWhereTheFailureSaysNothingOfThePin) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Try(Failed(Code::kTokenFailed)).error().code(), Code::kTokenFailed);
  EXPECT_TRUE(Try({}));
  EXPECT_EQ(tries_, 6);
}

TEST_F(PinLatchTest, AllowsOneMoreTryAfterACrashInTheCall) {
  DieInLogin();
  EXPECT_TRUE(Try({}));
  EXPECT_EQ(tries_, 1);
  // A success forgets the crash.
  DieInLogin();
  EXPECT_TRUE(Try({}));
}

TEST_F(PinLatchTest, ShutsAfterTwoCrashesInARow) {
  DieInLogin();
  DieInLogin();
  EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
  EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
  EXPECT_EQ(tries_, 0);
  ASSERT_TRUE(PinLatch(path_).Open());
  EXPECT_TRUE(Try({}));
}

TEST_F(PinLatchTest, KeepsCountingCrashesAcrossFailuresThatSayNothing) {
  DieInLogin();
  EXPECT_FALSE(Try(Failed(Code::kTokenFailed)));
  DieInLogin();
  EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
}

TEST_F(PinLatchTest, DoesNotTryAgainAfterACrashWhereTheTokenCountsWrongPins) {
  DieInLogin();
  EXPECT_EQ(Try({}, CKF_USER_PIN_COUNT_LOW).error().code(), Code::kPinLatched);
  EXPECT_EQ(Try({}).error().code(), Code::kPinLatched);
  EXPECT_EQ(tries_, 0);
}

TEST_F(PinLatchTest, TriesWhereTheTokenCountsWrongPinsOfOthers) { EXPECT_TRUE(Try({}, CKF_USER_PIN_COUNT_LOW)); }

TEST_F(PinLatchTest, NeverMakesTheLastTry) {
  EXPECT_EQ(Try({}, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY).error().code(), Code::kPinLatched);
  ASSERT_TRUE(PinLatch(path_).Open());
  EXPECT_EQ(Try({}, CKF_USER_PIN_FINAL_TRY).error().code(), Code::kPinLatched);
  EXPECT_EQ(Try({}, CKF_USER_PIN_LOCKED).error().code(), Code::kPinLocked);
  EXPECT_EQ(tries_, 0);
  // The counter was reset by the vendor's tool: nothing is left of it here.
  EXPECT_TRUE(Try({}));
}

TEST_F(PinLatchTest, CountsADamagedFileAsShut) {
  for (const std::string_view text : {"", "keyferry-latch/1\n", "keyferry-latch/1\n9\n\n", "keyferry-latch/2\n0\n\n"}) {
    ASSERT_TRUE(WriteDurably(path_, AsBytes(text), 0600));
    EXPECT_EQ(Try({}).error().code(), Code::kPinLatched) << text;
  }
  EXPECT_EQ(tries_, 0);
}

TEST_F(PinLatchTest, TriesNothingWhereTheMarkCannotBeMadeDurable) {
  path_ = directory_.Path("missing/latch");
  EXPECT_FALSE(Try({}));
  EXPECT_EQ(tries_, 0);
}

}  // namespace
}  // namespace keyferry::cryptoki
