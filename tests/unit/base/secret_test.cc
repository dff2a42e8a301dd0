// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/secret.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <type_traits>

namespace keyferry {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

template <typename T>
concept Printed = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printed<Secret>);

Secret Make(std::string_view text) {
  Bytes bytes(text.begin(), text.end());
  auto secret = Secret::TakeFrom(bytes);
  EXPECT_TRUE(secret);
  return std::move(*secret);
}

TEST(Secret, TakesAndWipesTheSource) {
  Bytes source = {1, 2, 3};
  const auto secret = Secret::TakeFrom(source);
  ASSERT_TRUE(secret);
  EXPECT_EQ(source, (Bytes{0, 0, 0}));
  EXPECT_TRUE(Equal(secret->Expose(), Bytes{1, 2, 3}));
}

TEST(Secret, BeginsWithZeros) {
  const auto secret = Secret::Allocate(5000);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->size(), 5000U);
  EXPECT_TRUE(std::ranges::all_of(secret->Expose(), [](std::uint8_t octet) { return octet == 0; }));
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret from = Make("PIN");
  const std::uint8_t* place = from.Expose().data();
  Secret to = std::move(from);
  EXPECT_EQ(to.Expose().data(), place);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is what is asked here
  EXPECT_EQ(from.Expose().data(), nullptr);
  Secret third = Make("other");
  third = std::move(to);
  EXPECT_TRUE(Equal(third.Expose(), AsBytes("PIN")));
}

TEST(Secret, ShrinksAndWipesTheRest) {
  Secret secret = Make("12345678");
  const auto all = secret.Expose();
  secret.Shrink(3);
  EXPECT_EQ(secret.size(), 3U);
  EXPECT_TRUE(Equal(all, Bytes{'1', '2', '3', 0, 0, 0, 0, 0}));
  secret.Shrink(5);  // never grows
  EXPECT_EQ(secret.size(), 3U);
}

TEST(Secret, Compares) {
  EXPECT_TRUE(Make("abc").Equals(Make("abc")));
  EXPECT_FALSE(Make("abc").Equals(Make("abd")));
  EXPECT_FALSE(Make("abc").Equals(Make("ab")));
  EXPECT_TRUE(Secret().Equals(Secret()));
  EXPECT_FALSE(Secret().Equals(Make("a")));
}

TEST(Secret, Wipes) {
  Bytes bytes = {1, 2, 3, 4};
  Wipe(std::span(bytes).subspan(1, 2));
  EXPECT_EQ(bytes, (Bytes{1, 0, 0, 4}));
  Wipe({});
}

TEST(SecretDeathTest, GuardsItsEnd) {
  Secret secret = Make("abcd");
  volatile std::uint8_t* data = secret.ExposeMutable().data();
  EXPECT_DEATH(data[4] = 1, "");
}

[[noreturn]] void AllocateWithoutLock() {
  const rlimit none = {0, 0};
  // Root may lock whatever the limit says.
  if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0)) _exit(2);
  const auto secret = Secret::Allocate(16);
  _exit(!secret && secret.error().code() == Code::kOutOfLockedMemory ? 0 : 1);
}

TEST(SecretDeathTest, SaysThatMemoryCannotBeLocked) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer makes mlock do nothing";
#endif
  EXPECT_EXIT(AllocateWithoutLock(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace keyferry
