// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/public_key.h"

#include <gtest/gtest.h>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/probe_keys.h"

namespace keyferry::cryptoki {
namespace {

TEST(PublicKey, OfKnownPrivateKeys) {
  InitCrypto();
  const auto rsa = PublicKeyInfoOf(*ProbeRsaPkcs8());
  ASSERT_TRUE(rsa) << rsa.error().OneLine();
  const auto rsa_facts = ParsePublicKeyInfo(*rsa);
  ASSERT_TRUE(rsa_facts) << rsa_facts.error().OneLine();
  EXPECT_EQ(rsa_facts->type, KeyType::kRsa);
  EXPECT_EQ(rsa_facts->bits, 2048U);
  EXPECT_EQ(rsa_facts->modulus.size(), 256U);
  EXPECT_EQ(rsa_facts->public_exponent, (Bytes{1, 0, 1}));

  const auto ec = PublicKeyInfoOf(*ProbeEcPkcs8());
  ASSERT_TRUE(ec) << ec.error().OneLine();
  const auto ec_facts = ParsePublicKeyInfo(*ec);
  ASSERT_TRUE(ec_facts) << ec_facts.error().OneLine();
  EXPECT_EQ(ec_facts->type, KeyType::kEc);
  EXPECT_EQ(ec_facts->bits, 256U);
  EXPECT_EQ(ec_facts->point.size(), 65U);
  EXPECT_EQ(ec_facts->ec_params, *EcParamsOf(KeyType::kEc, 256));

  // RFC 8032 section 7.1, test 1; the encoding is RFC 8410's.
  const auto ed = PublicKeyInfoOf(*ProbeEd25519Pkcs8());
  ASSERT_TRUE(ed) << ed.error().OneLine();
  EXPECT_EQ(HexEncode(*ed), "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST(PublicKey, RefusesWhatIsNone) {
  EXPECT_EQ(ParsePublicKeyInfo(Bytes{0x30, 0}).error().code(), Code::kEncodingInvalid);
  Bytes trailing = *PublicKeyInfoOf(*ProbeEd25519Pkcs8());
  trailing.push_back(0);
  EXPECT_EQ(ParsePublicKeyInfo(trailing).error().code(), Code::kEncodingInvalid);
  EXPECT_EQ(EcParamsOf(KeyType::kEc, 255).error().code(), Code::kKeyTypeUnsupported);
}

}  // namespace
}  // namespace keyferry::cryptoki
