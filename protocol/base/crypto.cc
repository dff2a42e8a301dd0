// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace keyferry {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using ContextHandle = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using SignatureHandle = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr std::size_t kP256ScalarSize = 32;

// A key on P-256 named by its curve; null for anything else, trailing octets and spelled-out curves included.
KeyHandle ReadP256(ByteView spki) {
  if (spki.size() > 1024) return nullptr;
  const unsigned char* at = spki.data();
  KeyHandle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (key == nullptr || at != spki.data() + spki.size() || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) {
    return nullptr;
  }
  std::array<char, 32> group{};
  std::size_t size = 0;
  int spelled_out = 0;
  if (EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != SN_X9_62_prime256v1 ||
      EVP_PKEY_get_int_param(key.get(), OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled_out) != 1 ||
      spelled_out != 0) {
    return nullptr;
  }
  return key;
}

// r ‖ s as the DER ECDSA-Sig-Value (RFC 5480) that OpenSSL wants; empty where memory ran out.
Bytes DerSignature(ByteView signature) {
  const SignatureHandle der(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kP256ScalarSize, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kP256ScalarSize, kP256ScalarSize, nullptr);
  // On success the signature owns the numbers.
  if (der == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(der.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  const int size = i2d_ECDSA_SIG(der.get(), nullptr);
  if (size <= 0) return {};
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = out.data();
  i2d_ECDSA_SIG(der.get(), &at);
  return out;
}

bool VerifyWithOpenssl(ByteView spki, const Digest& digest, ByteView signature) {
  const KeyHandle key = ReadP256(spki);
  if (key == nullptr) return false;
  const Bytes der = DerSignature(signature);
  const ContextHandle context(EVP_PKEY_CTX_new(key.get(), nullptr));
  return !der.empty() && context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
}

}  // namespace

void InitCrypto() {
  if (sodium_init() < 0) std::abort();
}

Digest Sha256(ByteView data) { return Sha256({data}); }

Digest Sha256(std::initializer_list<ByteView> parts) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (const ByteView part : parts) crypto_hash_sha256_update(&state, part.data(), part.size());
  Digest digest;
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

Bytes RandomBytes(std::size_t size) {
  Bytes bytes(size);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Result<Secret> RandomSecret(std::size_t size) {
  KF_TRY(Secret secret, Secret::Allocate(size));
  randombytes_buf(secret.ExposeMutable().data(), size);
  return secret;
}

bool ConstantTimeEqual(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

Result<Ed25519KeyPair> Ed25519KeyPair::Generate() {
  KF_TRY(Secret seed, Secret::Allocate(crypto_sign_SEEDBYTES));
  randombytes_buf(seed.ExposeMutable().data(), seed.size());
  return FromSeed(seed);
}

Result<Ed25519KeyPair> Ed25519KeyPair::FromSeed(const Secret& seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "an Ed25519 seed must have 32 octets"));
  }
  KF_TRY(Secret secret, Secret::Allocate(crypto_sign_SECRETKEYBYTES));
  Ed25519KeyPair pair;
  crypto_sign_seed_keypair(pair.public_.data(), secret.ExposeMutable().data(), seed.Expose().data());
  pair.secret_ = std::move(secret);
  return pair;
}

// Pure Ed25519 hashes the message twice, so the parts are joined first (libsodium's streaming form is Ed25519ph).
Ed25519Signature Ed25519KeyPair::Sign(std::initializer_list<ByteView> parts) const {
  const Bytes message = Concat(parts);
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.Expose().data());
  return signature;
}

Result<Secret> Ed25519KeyPair::Seed() const {
  KF_TRY(Secret seed, Secret::Allocate(crypto_sign_SEEDBYTES));
  crypto_sign_ed25519_sk_to_seed(seed.ExposeMutable().data(), secret_.Expose().data());
  return seed;
}

bool Ed25519Verify(const Ed25519PublicKey& key, std::initializer_list<ByteView> parts, ByteView signature) {
  if (signature.size() != crypto_sign_BYTES) return false;
  const Bytes message = Concat(parts);
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

bool EcdsaP256Verify(ByteView spki, const Digest& digest, ByteView signature) {
  if (signature.size() != 2 * kP256ScalarSize) return false;
  const bool good = VerifyWithOpenssl(spki, digest, signature);
  ERR_clear_error();  // what does not parse leaves its reasons in the thread's queue
  return good;
}

}  // namespace keyferry
