// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/prompt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "protocol/base/file.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry {
namespace {

// A descriptor that hands `text` over, and then its end.
UniqueFd Handing(const std::string& text) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) std::abort();
  UniqueFd write_end(ends[1]);
  if (write(write_end.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  return UniqueFd(ends[0]);
}

TEST(ReadLine, EndsAtTheNewlineAndLeavesTheRest) {
  const UniqueFd fd = Handing("first\nsecond");
  EXPECT_EQ(ReadLine(fd.get(), 10), "first");
  EXPECT_EQ(ReadLine(fd.get(), 10), "second");
  EXPECT_EQ(ReadLine(fd.get(), 10), "");
}

TEST(ReadLine, RefusesMoreThanItWasTold) {
  EXPECT_EQ(ReadLine(Handing("12345\n").get(), 5), "12345");
  EXPECT_EQ(ReadLine(Handing("123456\n").get(), 5).error().code(), Code::kEncodingInvalid);
  EXPECT_EQ(ReadLine(-1, 5).error().code(), Code::kFileUnreadable);
}

TEST(PinSource, TakesTheDescriptorBeforeTheFile) {
  const UniqueFd fd = Handing("4711\n");
  const auto pin = PinSource(fd.get(), "/nonexistent", "PIN").Read();
  ASSERT_TRUE(pin) << pin.error().OneLine();
  EXPECT_EQ(AsText(pin->Expose()), "4711");
}

TEST(PinSource, ReadsAFileOfItsOwnerAlone) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/pin";
  ASSERT_TRUE(WriteDurably(path, AsBytes("0815\n"), 0600));
  const auto pin = PinSource(-1, path, "PIN").Read();
  ASSERT_TRUE(pin) << pin.error().OneLine();
  EXPECT_EQ(AsText(pin->Expose()), "0815");
  ASSERT_TRUE(WriteDurably(path, AsBytes("0815\n"), 0644));
  EXPECT_EQ(PinSource(-1, path, "PIN").Read().error().code(), Code::kFileModeUnsafe);
}

TEST(PinSource, AnEmptyPinIsNone) {
  EXPECT_EQ(PinSource(Handing("\n").get(), "", "PIN").Read().error().code(), Code::kPinMissing);
  EXPECT_EQ(PinSource(Handing("").get(), "", "PIN").Read().error().code(), Code::kPinMissing);
}

}  // namespace
}  // namespace keyferry
