// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Private keys by unwrap, and RSA-OAEP with one of them.

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/probe.h"
#include "targets/cryptoki/probe_keys.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::cryptoki {
namespace {

Template PrivateKeyTemplate(CK_KEY_TYPE type, bool unwrap) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_PRIVATE_KEY).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  attributes.Bool(CKA_SIGN, true).Bool(CKA_DECRYPT, false).Bool(CKA_UNWRAP, unwrap).Bool(CKA_DERIVE, false);
  return attributes;
}

// RSA-OAEP (RFC 8017 section 7.1.1) by OpenSSL.
Result<Bytes> OaepEncrypt(ByteView spki, OaepHash hash, const Secret& value) {
  const unsigned char* at = spki.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), &EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr, &EVP_PKEY_CTX_free);
  const EVP_MD* digest = hash == OaepHash::kSha1 ? EVP_sha1() : EVP_sha256();
  Bytes out(1024);
  std::size_t size = out.size();
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest) != 1 ||
      EVP_PKEY_encrypt(context.get(), out.data(), &size, value.Expose().data(), value.size()) != 1) {
    return std::unexpected(Error::Make(Code::kInternal, "OpenSSL failed at RSA-OAEP"));
  }
  out.resize(size);
  return out;
}

}  // namespace

Result<bool> ProbeBench::Takes(Result<Secret> pkcs8, CK_KEY_TYPE type, bool with_point) {
  KF_TRY(const Secret value, std::move(pkcs8));
  KF_TRY(const Bytes spki, PublicKeyInfoOf(value));
  if (method() == WrapMethod::kAesKw && value.size() % 8 != 0) {
    return false;
  }
  KF_TRY(const Bytes blob, SoftwareWrap(method(), kek_value_, value));
  Template attributes = PrivateKeyTemplate(type, false);
  if (with_point) {
    KF_TRY(const PublicKeyFacts facts, ParsePublicKeyInfo(spki));
    attributes.Octets(CKA_NSS_DB, facts.point);
  }
  KF_TRY(const auto key, Unwrap(wrapping(), kek_->get(), blob, attributes));
  if (!key) {
    return false;
  }
  const Status right = CheckPrivateKey(*session_, key->get(), spki);
  if (!right && right.error().code() != Code::kCheckValueWrong && IsFailure(right.error())) {
    return std::unexpected(right.error());
  }
  return right.has_value();
}

Status ProbeBench::ProbePrivateKeys() {
  if (HasWrapping()) {
    KF_TRY(profile_.rsa_private, Takes(ProbeRsaPkcs8(), CKK_RSA, false));
    KF_TRY(profile_.ec_private, Takes(ProbeEcPkcs8(), CKK_EC, false));
    if (!profile_.ec_private) {
      KF_TRY(profile_.ec_private_wants_point, Takes(ProbeEcPkcs8(), CKK_EC, true));
      profile_.ec_private = profile_.ec_private_wants_point;
    }
    KF_TRY(profile_.ed25519_private, Takes(ProbeEd25519Pkcs8(), CKK_EC_EDWARDS, false));
  }
  return ProbeOaep();
}

Status ProbeBench::ProbeOaep() {
  KF_TRY(const Secret value, ProbeRsaPkcs8());
  if (profile_.rsa_private) {
    KF_TRY(const Bytes spki, PublicKeyInfoOf(value));
    KF_TRY(const Bytes blob, SoftwareWrap(method(), kek_value_, value));
    KF_TRY(const auto key, Unwrap(wrapping(), kek_->get(), blob, PrivateKeyTemplate(CKK_RSA, true)));
    if (key) {
      KF_TRY(profile_.oaep_sha1, UnwrapsOaep(key->get(), spki, OaepHash::kSha1));
      KF_TRY(profile_.oaep_sha256, UnwrapsOaep(key->get(), spki, OaepHash::kSha256));
      return {};
    }
  }
  // Where no known RSA key can be brought in, one is generated: slower, and the same answer.
  Template public_key;
  public_key.Bool(CKA_TOKEN, false).Ulong(CKA_MODULUS_BITS, 2048).Octets(CKA_PUBLIC_EXPONENT, Bytes{1, 0, 1});
  const Template private_key = PrivateKeyTemplate(CKK_RSA, true);
  KF_TRY(const auto pair, Tolerate(session_->GenerateKeyPair(Mechanism::RsaKeyPairGen(), public_key, private_key)));
  if (!pair) {
    return {};
  }
  const ScopedObject public_owner(*session_, pair->public_key);
  const ScopedObject private_owner(*session_, pair->private_key);
  KF_TRY(const Bytes spki, ReadPublicKeyInfo(*session_, pair->public_key));
  KF_TRY(profile_.oaep_sha1, UnwrapsOaep(pair->private_key, spki, OaepHash::kSha1));
  KF_TRY(profile_.oaep_sha256, UnwrapsOaep(pair->private_key, spki, OaepHash::kSha256));
  return {};
}

Result<bool> ProbeBench::UnwrapsOaep(CK_OBJECT_HANDLE private_key, ByteView spki, OaepHash hash) {
  KF_TRY(const Secret aes, ProbeAes());
  KF_TRY(const Bytes blob, OaepEncrypt(spki, hash, aes));
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  attributes.Merge(SecretUsages(true, true, false, false));
  KF_TRY(const auto key, Unwrap(Mechanism::RsaOaep(hash, hash), private_key, blob, attributes));
  if (!key) {
    return false;
  }
  // Computed by whichever way the token has.
  const CheckMethod check = profile_.check_ecb ? CheckMethod::kEcb0 : CheckMethod::kCmac;
  KF_TRY(const auto seen, Tolerate(ComputeCheckValue(*session_, key->get(), check)));
  KF_TRY(const Bytes expected, SoftwareCheckValue(aes, check));
  return seen && *seen == expected;
}

}  // namespace keyferry::cryptoki
