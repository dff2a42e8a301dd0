// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/software_seal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace keyferry::fakes {
namespace {

// PKCS#8, P-256. Of use to tests only.
constexpr std::string_view kReceiptKey =
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104202992eae5dac60229ee569f7692f338789e405ca4"
    "a5b33f0d8fed72a49d965ae1a144034200044ea6871abb8fce42784eba121bfc43875c6ec80a9dab04aaa90769aadc99478622a0e74d4226"
    "16546b3bcd6955aa66dd19c11d67a701d6df616a9e24aaff1f55";

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key ReceiptKey() {
  const Bytes der = HexDecode(kReceiptKey).value();
  const unsigned char* at = der.data();
  return {d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free};
}

}  // namespace

Bytes HmacSha256(ByteView key, ByteView data) {
  Bytes mac(32);
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), mac.data(), &size);
  return mac;
}

Result<wire::Seal> SoftwareSeal::Sign(ByteView data) {
  wire::Seal seal{};
  std::ranges::copy(HmacSha256(key_, data), seal.begin());
  return seal;
}

Status SoftwareSeal::Verify(ByteView data, ByteView seal) {
  if (Equal(HmacSha256(key_, data), seal)) return {};
  return std::unexpected(Error::Make(Code::kSealWrong, "the seal does not verify"));
}

Result<Bytes> SoftwareReceiptKey::SignDigest(const Digest& digest) {
  const Key key = ReceiptKey();
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key.get(), nullptr),
                                                                            EVP_PKEY_CTX_free);
  Bytes der(80);
  std::size_t size = der.size();
  if (EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), der.data(), &size, digest.data(), digest.size()) != 1) {
    std::abort();
  }
  const unsigned char* at = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
  Bytes raw(64);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw.data() + 32, 32);
  ECDSA_SIG_free(signature);
  return raw;
}

Bytes SoftwareReceiptKey::PublicKey() {
  const Key key = ReceiptKey();
  Bytes der(static_cast<std::size_t>(i2d_PUBKEY(key.get(), nullptr)));
  unsigned char* at = der.data();
  i2d_PUBKEY(key.get(), &at);
  return der;
}

Ed25519KeyPair KeyPairOf(std::uint8_t octet) {
  InitCrypto();
  Secret seed = Secret::Allocate(32).value();
  std::ranges::fill(seed.ExposeMutable(), octet);
  return Ed25519KeyPair::FromSeed(seed).value();
}

seal::PinnedSigner Pinned(const Ed25519KeyPair& signer, std::string name) {
  return {.id = IdOfKey(signer.public_key()), .name = std::move(name), .key = signer.public_key()};
}

}  // namespace keyferry::fakes
