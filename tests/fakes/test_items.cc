// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/test_items.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::fakes {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "test items: %s\n", why.c_str());
  std::abort();
}

template <typename T>
T Must(Result<T> result) {
  if (!result) {
    Die(result.error().OneLine());
  }
  return std::move(*result);
}

EVP_PKEY* Generate(KeyType type, std::uint32_t bits) {
  EVP_PKEY* key = nullptr;
  if (type == KeyType::kRsa) {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits));
  } else if (type == KeyType::kEc) {
    const char* curve = bits == 256 ? "P-256" : bits == 384 ? "P-384" : "P-521";
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
  } else {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return key != nullptr ? key : (Die("OpenSSL generates no key"), nullptr);
}

Secret Pkcs8Of(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  PKCS8_PRIV_KEY_INFO_free(info);
  if (size <= 0) {
    Die("OpenSSL encodes no key");
  }
  Secret secret = Must(Secret::TakeFrom({der, static_cast<std::size_t>(size)}));
  OPENSSL_free(der);
  return secret;
}

Item Named(ObjectClass object_class, KeyType type, std::uint32_t bits, std::string_view label, std::string_view seed) {
  Item item;
  item.target = "hsm";
  item.object_class = object_class;
  item.key_type = type;
  item.key_bits = bits;
  item.label = label;
  item.id = TestId(seed);
  return item;
}

Item SecretItem(Item item, std::string_view seed, TestKek kek, CheckMethod method) {
  const Secret key = TestKey(seed, item.key_bits / 8);
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = WrapForTest(kek, key);
  item.check_method = method;
  item.check_value = Must(cryptoki::SoftwareCheckValue(key, method));
  return item;
}

void SetPublicKey(Item& item, std::string_view seed) {
  item.public_key = Must(cryptoki::PublicKeyInfoOf(TestPrivateKey(seed, item.key_type, item.key_bits)));
  const Digest digest = Sha256(item.public_key);
  item.check_method = CheckMethod::kPublicKey;
  item.check_value.assign(digest.begin(), digest.end());
}

Bytes SelfSigned(std::string_view seed, const std::string& subject) {
  EVP_PKEY* key = Generate(KeyType::kEc, 256);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), ReadU64(TestId(seed)) >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) {
    Die("OpenSSL makes no certificate");
  }
  Bytes result(der, der + size);
  OPENSSL_free(der);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return result;
}

}  // namespace

Bytes TestId(std::string_view seed) {
  const Digest digest = Sha256({AsBytes("test id "), AsBytes(seed)});
  return {digest.begin(), digest.begin() + 16};
}

Secret TestKey(std::string_view seed, std::size_t octets) {
  Secret key = Must(Secret::Allocate(octets));
  for (std::size_t at = 0, block = 0; at < octets; at += 32, ++block) {
    const Digest digest = Sha256({AsBytes("test key "), AsBytes(seed), AsBytes(std::to_string(block))});
    std::copy_n(digest.begin(), std::min<std::size_t>(32, octets - at),
                key.ExposeMutable().begin() + static_cast<std::ptrdiff_t>(at));
  }
  return key;
}

Item AesItem(std::string_view label, std::string_view seed, std::uint32_t bits, std::uint32_t usage) {
  Item item = SecretItem(Named(ObjectClass::kSecretKey, KeyType::kAes, bits, label, seed), seed, TestKek::kAes,
                         CheckMethod::kEcb0);
  item.usage = usage;
  return item;
}

Item HmacItem(std::string_view label, std::string_view seed, std::uint32_t bits, std::uint32_t usage) {
  Item item = SecretItem(Named(ObjectClass::kSecretKey, KeyType::kGenericSecret, bits, label, seed), seed,
                         TestKek::kMac, CheckMethod::kHmac);
  item.usage = usage;
  return item;
}

const Secret& TestPrivateKey(std::string_view seed, KeyType type, std::uint32_t bits) {
  static std::map<std::tuple<std::string, KeyType, std::uint32_t>, Secret> made;
  const std::tuple name(std::string(seed), type, bits);
  if (const auto found = made.find(name); found != made.end()) {
    return found->second;
  }
  EVP_PKEY* key = Generate(type, bits);
  const auto [at, inserted] = made.emplace(name, Pkcs8Of(key));
  EVP_PKEY_free(key);
  return at->second;
}

Item PrivateKeyItem(std::string_view label, std::string_view seed, KeyType type, std::uint32_t bits,
                    std::uint32_t usage) {
  Item item = Named(ObjectClass::kPrivateKey, type, bits, label, seed);
  item.usage = usage;
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = WrapForTest(TestKek::kPrivate, TestPrivateKey(seed, type, bits));
  SetPublicKey(item, seed);
  return item;
}

Item PublicKeyItem(std::string_view label, std::string_view seed, KeyType type, std::uint32_t bits,
                   std::uint32_t usage) {
  Item item = Named(ObjectClass::kPublicKey, type, bits, label, seed);
  item.usage = usage;
  SetPublicKey(item, seed);
  return item;
}

Item CertificateItem(std::string_view label, std::string_view seed, std::string_view subject) {
  Item item = Named(ObjectClass::kCertificate, KeyType::kX509, 0, label, seed);
  item.certificate = SelfSigned(seed, std::string(subject));
  return item;
}

Item UpdateOf(Item item, const Bytes& current) {
  item.operation = Operation::kUpdate;
  item.expected_id = current;
  return item;
}

Item DeletionOf(const Item& item, const Bytes& current) {
  Item deletion = Named(item.object_class, item.key_type, item.key_bits, item.label, "");
  deletion.operation = Operation::kDelete;
  deletion.id.clear();
  deletion.expected_id = current;
  return deletion;
}

Item RollbackOf(const Item& item, const Bytes& current) {
  Item rollback = DeletionOf(item, current);
  rollback.operation = Operation::kRollback;
  return rollback;
}

}  // namespace keyferry::fakes
