// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/known_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::secrecy {
namespace {

using cryptoki::Template;
using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

template <typename T>
T Must(Result<T> result, const std::string& what) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s: %s\n", what.c_str(), result.error().OneLine().c_str());
  std::abort();
}

std::string UriOf(const std::string& label, const char* type) { return "pkcs11:object=" + label + ";type=" + type; }

Template Base(CK_OBJECT_CLASS object_class, CK_KEY_TYPE type, const std::string& label, const Bytes& id) {
  Template key;
  key.Ulong(CKA_CLASS, object_class).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, true);
  key.Text(CKA_LABEL, label).Octets(CKA_ID, id);
  return key;
}

Template Secretly(CK_OBJECT_CLASS object_class, CK_KEY_TYPE type, const std::string& label, const Bytes& id) {
  Template key = Base(object_class, type, label, id);
  key.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true);
  return key;
}

KnownKey PutSecretKey(cryptoki::Session& session, CK_KEY_TYPE type, const std::string& label) {
  const bool aes = type == CKK_AES;
  const Bytes value = RandomBytes(32);
  Template key = Secretly(CKO_SECRET_KEY, type, label, RandomBytes(16));
  key.Bool(CKA_ENCRYPT, aes).Bool(CKA_DECRYPT, aes).Bool(CKA_SIGN, !aes).Bool(CKA_VERIFY, !aes);
  key.Bool(CKA_WRAP, false).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false).Octets(CKA_VALUE, value);
  Must(session.CreateObject(key), "putting " + label);
  return {label, UriOf(label, "secret-key"), {{label + " value", value}}, {}};
}

Bytes Number(const Pkey& pkey, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(pkey.get(), name, &raw) != 1) std::abort();
  const std::unique_ptr<BIGNUM, decltype(&BN_clear_free)> number(raw, &BN_clear_free);
  Bytes octets(static_cast<std::size_t>(BN_num_bytes(raw)));
  BN_bn2bin(raw, octets.data());
  return octets;
}

Bytes PublicInfo(const Pkey& pkey) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(pkey.get(), &der);
  if (size <= 0) std::abort();
  Bytes spki(der, der + size);
  OPENSSL_free(der);
  return spki;
}

// What follows the public modulus and exponent in the DER of the private key: d, p, q and the rest, with the octets
// that stand between them.
Bytes PrivateTail(const Pkey& pkey, const Bytes& d) {
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(pkey.get(), &der);
  if (size <= 0) std::abort();
  const Bytes whole(der, der + size);
  OPENSSL_free(der);
  const auto from = std::ranges::search(whole, d);
  if (from.empty()) std::abort();
  return {from.begin(), whole.end()};
}

void PutPublicKey(cryptoki::Session& session, const Bytes& spki, const std::string& label, const Bytes& id) {
  Template key = Must(cryptoki::PublicKeyTemplate(spki), "public key of " + label);
  key.Bool(CKA_TOKEN, true).Text(CKA_LABEL, label).Octets(CKA_ID, id).Bool(CKA_VERIFY, true);
  Must(session.CreateObject(key), "putting the public key of " + label);
}

KnownKey PutRsaKey(cryptoki::Session& session, const std::string& label) {
  const Pkey pkey(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const Bytes id = RandomBytes(16);
  Template key = Secretly(CKO_PRIVATE_KEY, CKK_RSA, label, id);
  key.Bool(CKA_SIGN, true).Bool(CKA_DECRYPT, false).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false);
  key.Octets(CKA_PUBLIC_EXPONENT, Number(pkey, OSSL_PKEY_PARAM_RSA_E));
  KnownKey known{label, UriOf(label, "private"), {}, Number(pkey, OSSL_PKEY_PARAM_RSA_N)};
  key.Octets(CKA_MODULUS, known.modulus);
  const std::pair<CK_ATTRIBUTE_TYPE, const char*> parts[] = {
      {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D},   {CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1},
      {CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2},      {CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1},
      {CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2}, {CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
  };
  for (const auto& [type, name] : parts) {
    known.parts.push_back({label + " " + name, Number(pkey, name)});
    key.Octets(type, known.parts.back().value);
  }
  known.parts.push_back({label + " PKCS#8, private part", PrivateTail(pkey, known.parts.front().value)});
  Must(session.CreateObject(key), "putting " + label);
  PutPublicKey(session, PublicInfo(pkey), label, id);
  return known;
}

KnownKey PutEcKey(cryptoki::Session& session, const std::string& label) {
  const Pkey pkey(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Bytes id = RandomBytes(16);
  const Bytes scalar = Number(pkey, OSSL_PKEY_PARAM_PRIV_KEY);
  Template key = Secretly(CKO_PRIVATE_KEY, CKK_EC, label, id);
  key.Bool(CKA_SIGN, true).Bool(CKA_DECRYPT, false).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false);
  key.Octets(CKA_EC_PARAMS, Must(cryptoki::EcParamsOf(KeyType::kEc, 256), "P-256")).Octets(CKA_VALUE, scalar);
  Must(session.CreateObject(key), "putting " + label);
  PutPublicKey(session, PublicInfo(pkey), label, id);
  return {label, UriOf(label, "private"), {{label + " scalar", scalar}}, {}};
}

}  // namespace

std::vector<KnownKey> PutKnownKeys(cryptoki::Session& session) {
  std::vector<KnownKey> keys;
  keys.push_back(PutSecretKey(session, CKK_AES, "known-aes"));
  keys.push_back(PutSecretKey(session, CKK_AES, "known-aes-2"));
  keys.push_back(PutSecretKey(session, CKK_GENERIC_SECRET, "known-mac"));
  keys.push_back(PutRsaKey(session, "known-rsa"));
  keys.push_back(PutEcKey(session, "known-ec"));
  return keys;
}

void AddAll(const std::vector<KnownKey>& keys, Scanner& scanner) {
  for (const KnownKey& key : keys) {
    for (const KnownKey::Part& part : key.parts) scanner.Add(part.name, part.value);
  }
}

}  // namespace keyferry::secrecy
