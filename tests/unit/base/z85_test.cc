// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/z85.h"

#include <gtest/gtest.h>

#include <string>

namespace keyferry {
namespace {

// The test case of ZeroMQ RFC 32.
TEST(Z85, EncodesAsItsSpecificationShows) {
  const Bytes octets = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
  EXPECT_EQ(Z85Encode(octets), "HelloWorld");
  EXPECT_EQ(Z85Decode("HelloWorld"), octets);
}

TEST(Z85, TakesTheLargestGroupAndNoMore) {
  EXPECT_EQ(Z85Encode(Bytes(4, 0xff)), "%nSc0");
  EXPECT_EQ(Z85Decode("%nSc0"), Bytes(4, 0xff));
  EXPECT_FALSE(Z85Decode("%nSc1"));
}

TEST(Z85, RefusesOtherLengthsAndCharacters) {
  EXPECT_FALSE(Z85Encode(Bytes(3)));
  EXPECT_FALSE(Z85Decode("Hell"));
  EXPECT_FALSE(Z85Decode("Hell~"));
  EXPECT_FALSE(Z85Decode("Hell\x80"));
}

TEST(Z85, DoesTheSameInLockedMemory) {
  Bytes octets = {0x86, 0x4f, 0xd2, 0x6f};
  const auto secret = Secret::TakeFrom(octets);
  ASSERT_TRUE(secret);
  const auto text = Z85Encode(*secret);
  ASSERT_TRUE(text);
  EXPECT_EQ(AsText(text->Expose()), "Hello");
  const auto back = Z85Decode(*text);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->Equals(*secret));
}

}  // namespace
}  // namespace keyferry
