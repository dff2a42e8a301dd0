// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/openssl_wrap.h"

#include <gtest/gtest.h>

#include "protocol/base/crypto.h"
#include "tests/fakes/wrap_vectors.h"

namespace keyferry::cryptoki {
namespace {

Secret SecretOf(Bytes octets) {
  InitCrypto();
  return std::move(*Secret::TakeFrom(octets));
}

TEST(SoftwareWrap, PassesNistAndWycheproof) {
  KF_NEED_DATA();
  int unwrapped = 0;
  int refused = 0;
  for (const fakes::WrapVector& vector : fakes::WrapVectors()) {
    const Secret kek = SecretOf(vector.kek);
    const auto key = SoftwareUnwrap(vector.method, kek, vector.wrapped);
    if (!key) {
      EXPECT_TRUE(!vector.valid || vector.may_refuse) << vector.name << ": " << key.error().OneLine();
      EXPECT_EQ(key.error().code(), Code::kUnwrapFailed) << vector.name;
      ++refused;
      continue;
    }
    ++unwrapped;
    EXPECT_TRUE(vector.valid) << vector.name << " was taken";
    EXPECT_TRUE(Equal(key->Expose(), vector.key)) << vector.name;
    const auto again = SoftwareWrap(vector.method, kek, *key);
    ASSERT_TRUE(again) << vector.name << ": " << again.error().OneLine();
    EXPECT_EQ(*again, vector.wrapped) << vector.name;
  }
  // 4 files of 400 good and 100 bad, 2 of 500 bad, and Wycheproof's own.
  EXPECT_GE(unwrapped, 1600);
  EXPECT_GE(refused, 1400);
}

TEST(SoftwareWrap, RefusesWrongLengths) {
  const Secret kek = SecretOf(Bytes(32, 7));
  EXPECT_EQ(SoftwareWrap(WrapMethod::kAesKw, kek, SecretOf(Bytes(20, 1))).error().code(), Code::kItemLength);
  EXPECT_EQ(SoftwareWrap(WrapMethod::kAesKw, kek, SecretOf(Bytes(8, 1))).error().code(), Code::kItemLength);
  EXPECT_EQ(SoftwareWrap(WrapMethod::kAesKwp, kek, Secret()).error().code(), Code::kItemLength);
  EXPECT_EQ(SoftwareWrap(WrapMethod::kAesKwp, SecretOf(Bytes(20, 7)), kek).error().code(), Code::kItemLength);
  EXPECT_EQ(SoftwareWrap(WrapMethod::kNone, kek, kek).error().code(), Code::kItemLength);
  for (const std::size_t size : {0U, 8U, 15U, 17U, 23U}) {
    EXPECT_EQ(SoftwareUnwrap(WrapMethod::kAesKwp, kek, Bytes(size, 3)).error().code(), Code::kUnwrapFailed) << size;
  }
}

TEST(SoftwareWrap, TakesEveryLengthFromOneOctet) {
  const Secret kek = SecretOf(Bytes(32, 7));
  for (std::size_t size = 1; size < 70; ++size) {
    const Secret key = SecretOf(Bytes(size, 0xa5));
    const auto wrapped = SoftwareWrap(WrapMethod::kAesKwp, kek, key);
    ASSERT_TRUE(wrapped) << size;
    EXPECT_EQ(wrapped->size(), (size + 7) / 8 * 8 + 8) << size;
    const auto back = SoftwareUnwrap(WrapMethod::kAesKwp, kek, *wrapped);
    ASSERT_TRUE(back) << size;
    EXPECT_TRUE(back->Equals(key)) << size;
  }
}

}  // namespace
}  // namespace keyferry::cryptoki
