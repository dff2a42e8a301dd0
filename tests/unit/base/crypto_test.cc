// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/crypto.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace keyferry {
namespace {

Bytes Hex(std::string_view text) { return HexDecode(text).value(); }

Secret SecretOf(std::string_view hex) {
  Bytes bytes = Hex(hex);
  return Secret::TakeFrom(bytes).value();
}

// FIPS 180-4 example and the digest of nothing.
TEST(Sha256, Vectors) {
  EXPECT_EQ(HexEncode(Sha256(AsBytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(Sha256(AsBytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256({AsBytes("a"), AsBytes(""), AsBytes("bc")}), Sha256(AsBytes("abc")));
}

TEST(Crypto, ComparesAndDraws) {
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ab")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ac")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("abc")));
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
  EXPECT_EQ(RandomBytes(32).size(), 32U);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

struct EdVector {
  std::string_view seed, public_key, message, signature;
};

// RFC 8032 section 7.1, tests 1 to 3.
constexpr EdVector kEdVectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
                                    "1e39701cf9b46bd25bf5f0595bbe24655"
                                    "141438e7a100b"},
                                   {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e45"
                                    "8f3613d0f11d8c387b2eaeb4302aeeb00"
                                    "d291612bb0c00"},
                                   {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae"
                                    "67f760984dc6594a7c15e9716ed28dc02"
                                    "7beceea1ec40a"}};

TEST(Ed25519, Rfc8032Vectors) {
  for (const EdVector& vector : kEdVectors) {
    const auto pair = Ed25519KeyPair::FromSeed(SecretOf(vector.seed));
    ASSERT_TRUE(pair);
    EXPECT_EQ(HexEncode(pair->public_key()), vector.public_key);
    const Bytes message = Hex(vector.message);
    const auto signature = pair->Sign({message});
    EXPECT_EQ(HexEncode(signature), vector.signature);
    EXPECT_TRUE(Ed25519Verify(pair->public_key(), {message}, signature));
    EXPECT_TRUE(pair->Seed().value().Equals(SecretOf(vector.seed)));
  }
}

TEST(Ed25519, SignsPartsAsOneMessage) {
  const auto pair = Ed25519KeyPair::Generate();
  ASSERT_TRUE(pair);
  const auto signature = pair->Sign({AsBytes("ab"), AsBytes("c")});
  EXPECT_TRUE(Ed25519Verify(pair->public_key(), {AsBytes("a"), AsBytes("bc")}, signature));
}

TEST(Ed25519, RefusesWhatIsNotSigned) {
  const auto pair = Ed25519KeyPair::Generate();
  const auto other = Ed25519KeyPair::Generate();
  ASSERT_TRUE(pair && other);
  auto signature = pair->Sign({AsBytes("abc")});
  EXPECT_FALSE(Ed25519Verify(pair->public_key(), {AsBytes("abd")}, signature));
  EXPECT_FALSE(Ed25519Verify(other->public_key(), {AsBytes("abc")}, signature));
  EXPECT_FALSE(Ed25519Verify(pair->public_key(), {AsBytes("abc")}, ByteView(signature).first(63)));
  signature[40] ^= 1;
  EXPECT_FALSE(Ed25519Verify(pair->public_key(), {AsBytes("abc")}, signature));
  // A small-order key verifies anything where it is let through.
  EXPECT_FALSE(Ed25519Verify(Ed25519PublicKey{1}, {AsBytes("abc")}, Ed25519Signature{1}));
}

TEST(Ed25519, WantsASeedOf32Octets) {
  const auto pair = Ed25519KeyPair::FromSeed(SecretOf("0011"));
  ASSERT_FALSE(pair);
  EXPECT_EQ(pair.error().code(), Code::kEncodingInvalid);
}

// RFC 6979 appendix A.2.5, SHA-256, message "sample".
const std::string kSpki =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const std::string kSignature =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

TEST(EcdsaP256, TakesAGoodSignature) {
  EXPECT_TRUE(EcdsaP256Verify(Hex(kSpki), Sha256(AsBytes("sample")), Hex(kSignature)));
}

TEST(EcdsaP256, RefusesABadSignature) {
  const Bytes spki = Hex(kSpki);
  const Digest digest = Sha256(AsBytes("sample"));
  EXPECT_FALSE(EcdsaP256Verify(spki, Sha256(AsBytes("simple")), Hex(kSignature)));
  for (const std::size_t place : {0U, 31U, 32U, 63U}) {
    Bytes signature = Hex(kSignature);
    signature[place] ^= 1;
    EXPECT_FALSE(EcdsaP256Verify(spki, digest, signature)) << place;
  }
  EXPECT_FALSE(EcdsaP256Verify(spki, digest, Bytes(64, 0)));
  EXPECT_FALSE(EcdsaP256Verify(spki, digest, Bytes(64, 0xff)));
  EXPECT_FALSE(EcdsaP256Verify(spki, digest, Hex(kSignature + "00")));
  EXPECT_FALSE(EcdsaP256Verify(spki, digest, {}));
}

TEST(EcdsaP256, RefusesAKeyOfAnotherKind) {
  const Digest digest = Sha256(AsBytes("sample"));
  const Bytes signature = Hex(kSignature);
  EXPECT_FALSE(EcdsaP256Verify({}, digest, signature));
  EXPECT_FALSE(EcdsaP256Verify(Hex("3000"), digest, signature));
  EXPECT_FALSE(EcdsaP256Verify(Hex(kSpki + "00"), digest, signature)) << "octets after the key";
  std::string off_curve = kSpki;
  off_curve.back() = '8';
  EXPECT_FALSE(EcdsaP256Verify(Hex(off_curve), digest, signature));
}

// A valid signature under a key on another curve must not pass either: secp256k1 has scalars of the same size.
TEST(EcdsaP256, RefusesAnotherCurve) {
  EVP_PKEY* key = EVP_EC_gen("secp256k1");
  ASSERT_NE(key, nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  ASSERT_GT(size, 0);
  const Bytes spki(der, der + size);
  OPENSSL_free(der);
  const Digest digest = Sha256(AsBytes("sample"));
  Bytes raw(80);
  std::size_t raw_size = raw.size();
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  ASSERT_EQ(EVP_PKEY_sign_init(context), 1);
  ASSERT_EQ(EVP_PKEY_sign(context, raw.data(), &raw_size, digest.data(), digest.size()), 1);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  // 30 len 02 len r 02 len s, each number at its right end.
  Bytes signature(64, 0);
  const auto put = [&](std::size_t at, std::size_t end) {
    std::size_t from = at + 2;
    const std::size_t past = from + raw[at + 1];
    while (past - from > 32) ++from;
    std::copy(raw.begin() + static_cast<std::ptrdiff_t>(from), raw.begin() + static_cast<std::ptrdiff_t>(past),
              signature.begin() + static_cast<std::ptrdiff_t>(end - (past - from)));
    return past;
  };
  put(put(2, 32), 64);
  EXPECT_FALSE(EcdsaP256Verify(spki, digest, signature));
}

}  // namespace
}  // namespace keyferry
