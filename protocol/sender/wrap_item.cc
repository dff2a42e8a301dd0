// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/wrap_item.h"

#include <utility>

#include "protocol/base/crypto.h"
#include "protocol/sender/pem.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::sender {
namespace {

using cryptoki::AttributeValues;
using cryptoki::ScopedObject;
using cryptoki::Session;
using cryptoki::Template;

constexpr std::pair<CK_ATTRIBUTE_TYPE, std::uint32_t> kUsageAttributes[] = {
    {CKA_ENCRYPT, usage::kEncrypt}, {CKA_DECRYPT, usage::kDecrypt}, {CKA_SIGN, usage::kSign},
    {CKA_VERIFY, usage::kVerify},   {CKA_DERIVE, usage::kDerive},
};

// Tokens set usages by default that a class of key cannot be given at the target: callers drop those.
std::uint32_t UsageOf(const AttributeValues& values) {
  std::uint32_t bits = 0;
  for (const auto& [attribute, bit] : kUsageAttributes) {
    if (values.Bool(attribute).value_or(false)) bits |= bit;
  }
  return bits;
}

Item PlacedItem(const Placement& placement, ObjectClass object_class) {
  Item item;
  item.operation = placement.operation;
  item.target = placement.target;
  item.object_class = object_class;
  item.label = placement.label;
  item.id = placement.id.empty() ? RandomBytes(16) : placement.id;
  item.expected_id = placement.expected_id;
  item.usage = placement.usage.value_or(0);
  item.not_before = placement.not_before;
  item.not_after = placement.not_after;
  return item;
}

struct Found {
  CK_OBJECT_HANDLE handle = 0;
  AttributeValues values;
};

Result<Found> FindKey(Session& session, const cryptoki::ObjectUri& uri) {
  Template search;
  if (!uri.label.empty()) search.Text(CKA_LABEL, uri.label);
  if (!uri.id.empty()) search.Octets(CKA_ID, uri.id);
  if (uri.object_class) search.Ulong(CKA_CLASS, *uri.object_class);
  Found found;
  KF_TRY(found.handle, session.FindOne(search, uri.Format()));
  KF_TRY(found.values, session.GetAttributes(found.handle, {CKA_CLASS, CKA_KEY_TYPE, CKA_LABEL, CKA_ID, CKA_VALUE_LEN,
                                                            CKA_EXTRACTABLE, CKA_WRAP_WITH_TRUSTED, CKA_ENCRYPT,
                                                            CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_DERIVE}));
  return found;
}

// Asked before the wrap, since tokens answer both cases with return values that say little.
Status CheckWrappable(Session& session, const Found& key, CK_OBJECT_HANDLE twin, const std::string& name) {
  if (!key.values.Bool(CKA_EXTRACTABLE).value_or(false)) {
    return std::unexpected(Error::Make(Code::kKeyNotWrappable, name + " is not extractable (CKA_EXTRACTABLE false)"));
  }
  if (!key.values.Bool(CKA_WRAP_WITH_TRUSTED).value_or(false)) return {};
  KF_TRY(const AttributeValues wrapper, session.GetAttributes(twin, {CKA_TRUSTED}));
  if (wrapper.Bool(CKA_TRUSTED).value_or(false)) return {};
  return std::unexpected(Error::Make(Code::kKeyWantsTrustedWrapper,
                                     name +
                                         " may be wrapped by trusted keys only (CKA_WRAP_WITH_TRUSTED), and the root "
                                         "key's twin is not CKA_TRUSTED"));
}

// Through a copy with the usage that the check needs where the key has not got it itself.
Result<Bytes> CheckValueOf(Session& session, const Found& key, CheckMethod method, CK_ATTRIBUTE_TYPE needed) {
  if (key.values.Bool(needed).value_or(false)) return cryptoki::ComputeCheckValue(session, key.handle, method);
  KF_TRY_WITH(const CK_OBJECT_HANDLE copy,
              session.CopyObject(key.handle, Template().Bool(CKA_TOKEN, false).Bool(needed, true)),
              "copying the key to compute its check value");
  const ScopedObject scoped(session, copy);
  return cryptoki::ComputeCheckValue(session, copy, method);
}

// The target's root key opens by the one method that the ceremony agreed on, and so does its twin wrap. A token that
// does not say which takes RFC 5649 where it has it.
Result<WrapMethod> MethodOf(KmsToken& kms, CK_OBJECT_HANDLE twin) {
  const cryptoki::TokenProfile& profile = kms.profile();
  KF_TRY(const AttributeValues values, kms.session().GetAttributes(twin, {CKA_ALLOWED_MECHANISMS}));
  const auto allowed = values.Mechanisms(CKA_ALLOWED_MECHANISMS);
  if (allowed && allowed->size() == 1 && profile.kw && allowed->front() == *profile.kw) return WrapMethod::kAesKw;
  return profile.kwp && profile.kwp_wraps ? WrapMethod::kAesKwp : WrapMethod::kAesKw;
}

Status Wrap(KmsToken& kms, CK_OBJECT_HANDLE twin, CK_OBJECT_HANDLE key, Item& item) {
  KF_TRY(item.wrap, MethodOf(kms, twin));
  KF_TRY(const cryptoki::Mechanism mechanism, kms.profile().WrapMechanism(item.wrap));
  auto wrapped = kms.session().WrapKey(mechanism, twin, key);
  if (wrapped) {
    item.wrapped_key = std::move(*wrapped);
    return {};
  }
  // It is extractable: that was asked before.
  if (wrapped.error().code() != Code::kKeyNotWrappable) {
    return std::unexpected(std::move(wrapped).error().While("wrapping the key in the KMS's HSM"));
  }
  return std::unexpected(Error::Caused(Code::kKeyTypeUnsupported,
                                       "the KMS's HSM cannot wrap an " + std::string(Name(item.key_type)) + " key",
                                       wrapped.error().cause())
                             .NextStep("push another type of key, or use an HSM that wraps this one"));
}

Result<Item> WrapSecretKey(KmsToken& kms, const Twins& twins, const Found& key, const std::string& name,
                           const Placement& placement) {
  Item item = PlacedItem(placement, ObjectClass::kSecretKey);
  const bool aes = key.values.Ulong(CKA_KEY_TYPE) == CKK_AES;
  if (!aes && key.values.Ulong(CKA_KEY_TYPE) != CKK_GENERIC_SECRET &&
      key.values.Ulong(CKA_KEY_TYPE) != CKK_SHA256_HMAC) {
    return std::unexpected(
        Error::Make(Code::kKeyTypeUnsupported, name + " is neither an AES key nor a generic secret"));
  }
  const CK_ULONG octets = key.values.Ulong(CKA_VALUE_LEN).value_or(0);
  const bool wraps_it = octets % 8 == 0 || kms.profile().kwp_wraps_any_length;
  if (!wraps_it || (!aes && !kms.profile().CanCheck(CheckMethod::kHmac, static_cast<std::uint32_t>(octets * 8)))) {
    return std::unexpected(Error::Make(Code::kKeyTypeUnsupported, name + " has " + std::to_string(octets) +
                                                                      " octets: the KMS's HSM cannot wrap and check a "
                                                                      "secret of that length")
                               .NextStep("use a secret of 32 octets, or more in steps of 8"));
  }
  const CK_OBJECT_HANDLE twin = aes ? twins.aes : twins.mac;
  KF_CHECK(CheckWrappable(kms.session(), key, twin, name));
  item.key_type = aes ? KeyType::kAes : KeyType::kGenericSecret;
  item.key_bits = static_cast<std::uint32_t>(octets * 8);
  item.usage = placement.usage.value_or(UsageOf(key.values) & AllowedUsage(item.object_class, item.key_type));
  // The method that the key's usage at the target allows saves the target a second unwrap.
  const bool by_cmac = aes && (item.usage & usage::kEncrypt) == 0 && (item.usage & usage::kSign) != 0;
  item.check_method = !aes ? CheckMethod::kHmac : by_cmac ? CheckMethod::kCmac : CheckMethod::kEcb0;
  const CK_ATTRIBUTE_TYPE needed = item.check_method == CheckMethod::kEcb0 ? CKA_ENCRYPT : CKA_SIGN;
  KF_TRY(item.check_value, CheckValueOf(kms.session(), key, item.check_method, needed));
  KF_CHECK(Wrap(kms, twin, key.handle, item));
  return item;
}

// The public half: from the private key where it shows it (RSA), else from the public key object of the same CKA_ID.
Result<Bytes> PublicHalf(Session& session, const Found& key, const std::string& name) {
  if (auto own = cryptoki::ReadPublicKeyInfo(session, key.handle)) return own;
  const Bytes id = key.values.Octets(CKA_ID).value_or(Bytes());
  KF_TRY_WITH(const CK_OBJECT_HANDLE public_key,
              session.FindOne(Template().Ulong(CKA_CLASS, CKO_PUBLIC_KEY).Octets(CKA_ID, id), "public key of " + name),
              "looking for the public half, which must have the same CKA_ID");
  return cryptoki::ReadPublicKeyInfo(session, public_key);
}

Status DescribePublicKey(const Bytes& spki, Item& item) {
  KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(spki));
  item.key_type = facts.type;
  item.key_bits = facts.bits;
  item.public_key = spki;
  return {};
}

Result<Item> WrapPrivateKey(KmsToken& kms, const Twins& twins, CK_OBJECT_HANDLE key, const Bytes& spki,
                            std::uint32_t own_usage, const Placement& placement) {
  Item item = PlacedItem(placement, ObjectClass::kPrivateKey);
  KF_CHECK(DescribePublicKey(spki, item));
  item.usage = placement.usage.value_or(own_usage & AllowedUsage(item.object_class, item.key_type));
  item.check_method = CheckMethod::kPublicKey;
  const Digest digest = Sha256(spki);
  item.check_value.assign(digest.begin(), digest.end());
  KF_CHECK(Wrap(kms, twins.private_keys, key, item));
  return item;
}

Result<Item> PublicKeyItem(const Bytes& spki, std::uint32_t own_usage, const Placement& placement) {
  Item item = PlacedItem(placement, ObjectClass::kPublicKey);
  KF_CHECK(DescribePublicKey(spki, item));
  item.usage = placement.usage.value_or(own_usage & AllowedUsage(item.object_class, item.key_type));
  return item;
}

Item CertificateItem(Bytes certificate, const Placement& placement) {
  Item item = PlacedItem(placement, ObjectClass::kCertificate);
  item.key_type = KeyType::kX509;
  item.usage = 0;
  item.certificate = std::move(certificate);
  return item;
}

// Any PKCS#8 key becomes a session object of the HSM by the one road that knows every type: wrapped in software under a
// fresh AES key, which the HSM is given for this one unwrap.
Result<CK_OBJECT_HANDLE> TakeIn(KmsToken& kms, const Secret& pkcs8, KeyType type) {
  KF_TRY(Secret carrier, RandomSecret(32));
  KF_TRY(const Bytes wrapped, cryptoki::SoftwareWrap(WrapMethod::kAesKwp, carrier, pkcs8));
  Template kek;
  kek.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, false).Bool(CKA_UNWRAP, true);
  kek.SecretValue(CKA_VALUE, std::move(carrier));
  KF_TRY(const CK_OBJECT_HANDLE kek_handle, kms.session().CreateObject(kek));
  const ScopedObject scoped(kms.session(), kek_handle);
  const CK_KEY_TYPE key_type = type == KeyType::kRsa ? CKK_RSA : type == KeyType::kEc ? CKK_EC : CKK_EC_EDWARDS;
  Template key;
  key.Ulong(CKA_CLASS, CKO_PRIVATE_KEY).Ulong(CKA_KEY_TYPE, key_type).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  key.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true);
  KF_TRY(const cryptoki::Mechanism mechanism, kms.profile().WrapMechanism(WrapMethod::kAesKwp));
  auto taken = kms.session().UnwrapKey(mechanism, kek_handle, wrapped, key);
  if (taken) return taken;
  return std::unexpected(Error::Caused(Code::kKeyTypeUnsupported,
                                       "the KMS's HSM cannot take in this " + std::string(Name(type)) + " private key",
                                       taken.error().OneLine()));
}

std::uint32_t DefaultUsage(KeyType type, ObjectClass object_class) {
  const bool private_key = object_class == ObjectClass::kPrivateKey;
  if (type == KeyType::kRsa) return private_key ? usage::kSign | usage::kDecrypt : usage::kVerify | usage::kEncrypt;
  return private_key ? usage::kSign : usage::kVerify;
}

Result<Item> WrapPemKey(KmsToken& kms, const Twins& twins, const Secret& pkcs8, const Placement& placement) {
  KF_TRY(const Bytes spki, cryptoki::PublicKeyInfoOf(pkcs8));
  KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(spki));
  KF_TRY(const CK_OBJECT_HANDLE handle, TakeIn(kms, pkcs8, facts.type));
  const ScopedObject scoped(kms.session(), handle);
  return WrapPrivateKey(kms, twins, handle, spki, DefaultUsage(facts.type, ObjectClass::kPrivateKey), placement);
}

}  // namespace

Result<Item> WrapFromToken(KmsToken& kms, const Twins& twins, const cryptoki::ObjectUri& uri, const Placement& wanted) {
  KF_CHECK(kms.CheckHolds(uri));
  KF_TRY(const Found key, FindKey(kms.session(), uri));
  Placement placement = wanted;
  if (placement.label.empty()) placement.label = key.values.Text(CKA_LABEL).value_or("");
  const std::string name = "the key " + uri.Format();
  switch (key.values.Ulong(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION)) {
    case CKO_SECRET_KEY:
      return WrapSecretKey(kms, twins, key, name, placement);
    case CKO_PRIVATE_KEY: {
      KF_CHECK(CheckWrappable(kms.session(), key, twins.private_keys, name));
      KF_TRY(const Bytes spki, PublicHalf(kms.session(), key, name));
      return WrapPrivateKey(kms, twins, key.handle, spki, UsageOf(key.values), placement);
    }
    case CKO_PUBLIC_KEY: {
      KF_TRY(const Bytes spki, cryptoki::ReadPublicKeyInfo(kms.session(), key.handle));
      return PublicKeyItem(spki, UsageOf(key.values), placement);
    }
    case CKO_CERTIFICATE: {
      KF_TRY(const AttributeValues values, kms.session().GetAttributes(key.handle, {CKA_VALUE}));
      return CertificateItem(values.Octets(CKA_VALUE).value_or(Bytes()), placement);
    }
    default:
      return std::unexpected(Error::Make(Code::kKeyTypeUnsupported, name + " is no key and no certificate"));
  }
}

Result<std::vector<Item>> WrapFromPem(KmsToken& kms, const Twins& twins, const Secret& pem,
                                      const Placement& placement) {
  KF_TRY(const PemContent content, ReadPem(pem));
  std::vector<Item> items;
  if (content.private_key) {
    KF_TRY(Item item, WrapPemKey(kms, twins, *content.private_key, placement));
    items.push_back(std::move(item));
  }
  if (content.public_key) {
    KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(*content.public_key));
    KF_TRY(Item item, PublicKeyItem(*content.public_key, DefaultUsage(facts.type, ObjectClass::kPublicKey), placement));
    items.push_back(std::move(item));
  }
  if (content.certificate) items.push_back(CertificateItem(*content.certificate, placement));
  return items;
}

}  // namespace keyferry::sender
