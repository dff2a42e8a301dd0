// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace keyferry {
namespace {

const std::vector<Code> kAll = {
#define KF_CODE(name, slug, retry, exit_code, next_step) Code::name,
#include "protocol/base/codes.def"
#undef KF_CODE
};

TEST(Error, NamesAreUniqueAndLeadBack) {
  std::set<std::string_view> names;
  for (const Code code : kAll) {
    EXPECT_TRUE(names.insert(Name(code)).second) << Name(code) << " is there twice";
    EXPECT_EQ(CodeFromName(Name(code)), code);
  }
  EXPECT_EQ(CodeFromName("no.such-name"), std::nullopt);
  EXPECT_EQ(CodeFromName(""), std::nullopt);
}

TEST(Error, NamesAreLowerCaseWordsAndEveryCodeHasANextStep) {
  for (const Code code : kAll) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || c == '.' || c == '-' || (c >= '0' && c <= '9');
    };
    EXPECT_TRUE(std::ranges::all_of(Name(code), allowed)) << Name(code);
    EXPECT_FALSE(NextStepOf(code).empty()) << Name(code);
  }
}

TEST(Error, SaysWhatWhyAndWhatNext) {
  const Error error = Error::Caused(Code::kPinWrong, "token 'a' refused the PIN", "CKR_PIN_INCORRECT (0xa0)");
  EXPECT_EQ(error.OneLine(), "token 'a' refused the PIN: CKR_PIN_INCORRECT (0xa0) [credential.pin-wrong]");
  EXPECT_EQ(error.ThreeLines(),
            "token 'a' refused the PIN\n  why:  CKR_PIN_INCORRECT (0xa0) [credential.pin-wrong]\n  next: " +
                std::string(NextStepOf(Code::kPinWrong)));
}

TEST(Error, KeepsItsPartsThroughChanges) {
  const Error error = Error::Make(Code::kStoreFull, "disk full")
                          .While("storing the record")
                          .NextStep("buy a disk")
                          .Retryable(Retry::kUncertain)
                          .WithNative(13);
  EXPECT_EQ(error.what(), "storing the record: disk full");
  EXPECT_EQ(error.next_step(), "buy a disk");
  EXPECT_EQ(error.retry(), Retry::kUncertain);
  EXPECT_EQ(error.native(), 13U);
  EXPECT_EQ(error.code(), Code::kStoreFull);
  EXPECT_EQ(Error::Make(Code::kStoreFull, "x").retry(), RetryOf(Code::kStoreFull));
}

TEST(Error, NamesErrno) {
  errno = ENOSPC;
  EXPECT_EQ(Error::FromErrno(Code::kFileUnwritable, "cannot write").cause(), "ENOSPC: No space left on device");
}

}  // namespace
}  // namespace keyferry
