// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/item.h"

#include <gtest/gtest.h>

#include "protocol/base/crypto.h"

namespace keyferry {
namespace {

TEST(Item, NamesLeadBack) {
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(OperationFromName(Name(static_cast<Operation>(i))), static_cast<Operation>(i));
    EXPECT_EQ(ObjectClassFromName(Name(static_cast<ObjectClass>(i))), static_cast<ObjectClass>(i));
  }
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(KeyTypeFromName(Name(static_cast<KeyType>(i))), static_cast<KeyType>(i));
}

TEST(Item, AnUnknownNameIsNamedWithWhatIsKnown) {
  const auto type = KeyTypeFromName("des\n");
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().code(), Code::kItemInvalid);
  EXPECT_NE(type.error().what().find("des\\x0a"), std::string::npos);
  EXPECT_NE(type.error().what().find("ed25519"), std::string::npos);
}

TEST(Item, UsagesGoThereAndBack) {
  EXPECT_EQ(UsageNames(0), "");
  EXPECT_EQ(UsageNames(usage::kDecrypt | usage::kEncrypt), "encrypt,decrypt");
  for (std::uint32_t bits = 0; bits < 128; ++bits) EXPECT_EQ(UsageFromNames(UsageNames(bits)), bits);
  EXPECT_FALSE(UsageFromNames("encrypt,,decrypt"));
  EXPECT_FALSE(UsageFromNames("encrypt, decrypt"));
}

TEST(Item, IdIsTheFrontOfTheKeysDigest) {
  const Id16 id = IdOfKey(AsBytes("abc"));
  EXPECT_EQ(HexEncode(id), HexEncode(Sha256(AsBytes("abc"))).substr(0, 32));
  EXPECT_EQ(Id16FromHex(HexEncode(id)), id);
  EXPECT_EQ(Id16FromBytes(id), id);
  EXPECT_FALSE(Id16FromHex("00"));
  EXPECT_FALSE(Id16FromBytes(Bytes(17)));
}

}  // namespace
}  // namespace keyferry
