// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/pem.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "targets/cryptoki/public_key.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::sender {
namespace {

std::string PemOf(EVP_PKEY* key, const char* passphrase) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), passphrase,
                                passphrase == nullptr ? 0 : 4, nullptr, nullptr);
  PEM_write_bio_PUBKEY(bio.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class PemTest : public testing::Test {
 protected:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{EVP_EC_gen("P-256"), EVP_PKEY_free};
};

TEST_F(PemTest, ReadsThePrivateAndThePublicHalf) {
  const auto content = ReadPem(fakes::TestSecret(PemOf(key_.get(), nullptr)));
  ASSERT_TRUE(content) << content.error().OneLine();
  ASSERT_TRUE(content->private_key);
  ASSERT_TRUE(content->public_key);
  EXPECT_EQ(cryptoki::PublicKeyInfoOf(*content->private_key).value(), *content->public_key);
  EXPECT_FALSE(content->certificate);
}

TEST_F(PemTest, ReadsDerPkcs8) {
  const auto pem = ReadPem(fakes::TestSecret(PemOf(key_.get(), nullptr)));
  ASSERT_TRUE(pem);
  const auto der = ReadPem(fakes::TestSecret(AsText(pem->private_key->Expose())));
  ASSERT_TRUE(der) << der.error().OneLine();
  EXPECT_TRUE(der->private_key->Equals(*pem->private_key));
  EXPECT_FALSE(der->public_key);
}

TEST_F(PemTest, RefusesWhatItCannotCarry) {
  const struct {
    const char* name;
    std::string pem;
    const char* says;
  } kCases[] = {
      {"encrypted", PemOf(key_.get(), "pass"), "ENCRYPTED PRIVATE KEY"},
      {"twice", PemOf(key_.get(), nullptr) + PemOf(key_.get(), nullptr), "two"},
      {"nothing", "no block here\n", "no PEM block"},
      {"another block", "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", "X509 CRL"},
      {"garbage inside", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "no private key"},
  };
  for (const auto& bad : kCases) {
    const auto content = ReadPem(fakes::TestSecret(bad.pem));
    ASSERT_FALSE(content) << bad.name;
    EXPECT_EQ(content.error().code(), Code::kEncodingInvalid) << bad.name;
    EXPECT_NE(content.error().what().find(bad.says), std::string::npos) << bad.name << ": " << content.error().what();
  }
}

}  // namespace
}  // namespace keyferry::sender
