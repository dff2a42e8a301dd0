// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/check_value.h"

#include <gtest/gtest.h>

#include "protocol/base/crypto.h"

namespace keyferry::cryptoki {
namespace {

std::string CheckValueHex(std::string_view key_hex, CheckMethod method) {
  InitCrypto();
  Bytes octets = *HexDecode(key_hex);
  const auto value = SoftwareCheckValue(*Secret::TakeFrom(octets), method);
  return value ? HexEncode(*value) : std::string(Name(value.error().code()));
}

TEST(SoftwareCheckValue, KnownAnswers) {
  // AES-256 of the zero key over a zero block: dc95c078a2408989ad48a21492842087 (NIST, ECBVarTxt's key schedule).
  const std::string zeros(64, '0');
  EXPECT_EQ(CheckValueHex(zeros, CheckMethod::kEcb0), "dc95c0");
  // AES-128 of the zero key over a zero block: 66e94bd4ef8a2c3b884cfa59ca342b2e.
  EXPECT_EQ(CheckValueHex(std::string(32, '0'), CheckMethod::kEcb0), "66e94b");
  EXPECT_EQ(CheckValueHex(zeros, CheckMethod::kNone), "");
  EXPECT_EQ(CheckValueHex(std::string(32, '0'), CheckMethod::kCmac).size(), 10U);
  EXPECT_EQ(CheckValueHex("00", CheckMethod::kHmac).size(), 16U);
}

TEST(SoftwareCheckValue, RefusesWhatIsNoAesKey) {
  EXPECT_EQ(CheckValueHex("00112233", CheckMethod::kEcb0), Name(Code::kItemLength));
  EXPECT_EQ(CheckValueHex("00112233", CheckMethod::kCmac), Name(Code::kItemLength));
  EXPECT_EQ(CheckValueHex("00112233", CheckMethod::kPublicKey), Name(Code::kNotPossibleHere));
}

}  // namespace
}  // namespace keyferry::cryptoki
