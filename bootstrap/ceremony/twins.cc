// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/ceremony/twins.h"

#include <array>
#include <string>
#include <utility>

#include "bootstrap/ceremony/attempt.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::ScopedObject;
using cryptoki::Template;
using record::RootKey;

constexpr CK_ULONG kRootKeyOctets = 32;
constexpr std::uint32_t kLeastTransportBits = 3072;
constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};

// What may differ between tokens; the strongest first.
struct Variant {
  bool allowed_mechanisms;
  bool unmodifiable;
  bool uncopyable;
};
constexpr std::array kVariants = {Variant{true, true, true}, Variant{true, true, false}, Variant{false, true, false},
                                  Variant{false, false, false}};

Template TwinTemplate(RootKey key, const Id16& domain, std::uint32_t generation, ByteView id) {
  const bool wraps = key != RootKey::kSealIn;
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, wraps ? CKK_AES : CKK_GENERIC_SECRET);
  attributes.Ulong(CKA_VALUE_LEN, kRootKeyOctets).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  attributes.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true);
  attributes.Text(CKA_LABEL, record::TwinLabel(key, domain, generation)).Octets(CKA_ID, id);
  attributes.Bool(CKA_ENCRYPT, false).Bool(CKA_DECRYPT, false).Bool(CKA_SIGN, !wraps).Bool(CKA_VERIFY, false);
  attributes.Bool(CKA_WRAP, wraps).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false);
  return attributes;
}

Status CheckTwin(const cryptoki::Session& session, CK_OBJECT_HANDLE object, RootKey key) {
  const bool wraps = key != RootKey::kSealIn;
  KF_TRY(const cryptoki::AttributeValues seen,
         session.GetAttributes(object, {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_WRAP, CKA_SIGN,
                                        CKA_ENCRYPT, CKA_DECRYPT, CKA_VERIFY, CKA_UNWRAP, CKA_DERIVE}));
  bool right = seen.Bool(CKA_TOKEN) == true && seen.Bool(CKA_PRIVATE) == true && seen.Bool(CKA_SENSITIVE) == true;
  right = right && seen.Bool(CKA_WRAP) == wraps && seen.Bool(CKA_SIGN) == !wraps;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_VERIFY, CKA_UNWRAP, CKA_DERIVE}) {
    right = right && seen.Bool(type) == false;
  }
  if (right) return {};
  return std::unexpected(Error::Make(Code::kReadBackWrong, "the KMS's HSM did not keep the attributes of twin '" +
                                                               std::string(record::Name(key)) + "'"));
}

Result<CK_OBJECT_HANDLE> GenerateRootKey(const Workbench& bench, RootKey key, const Template& attributes) {
  const Mechanism mechanism = key == RootKey::kSealIn ? Mechanism::GenericSecretKeyGen() : Mechanism::AesKeyGen();
  return bench.session->GenerateKey(mechanism, attributes);
}

// A twin works by one mechanism. That list says how a key may be used, not how it may be wrapped: the transport key
// takes it away all the same.
Result<MadeTwin> MakeVariant(const Workbench& bench, Template attributes, RootKey key, const Variant& variant,
                             CK_OBJECT_HANDLE transport_key, const Mechanism& oaep, CK_MECHANISM_TYPE only) {
  const std::array<CK_MECHANISM_TYPE, 1> allowed = {only};
  if (variant.allowed_mechanisms) attributes.Mechanisms(CKA_ALLOWED_MECHANISMS, allowed);
  KF_TRY(const CK_OBJECT_HANDLE generated, GenerateRootKey(bench, key, attributes));
  const ScopedObject owner(*bench.session, generated);
  MadeTwin made;
  made.blob.key = key;
  KF_TRY(made.blob.wrapped, bench.session->WrapKey(oaep, transport_key, generated));
  Template changes;
  changes.Bool(CKA_TOKEN, true).Bool(CKA_EXTRACTABLE, false);
  if (variant.unmodifiable) changes.Bool(CKA_MODIFIABLE, false);
  if (variant.uncopyable) changes.Bool(CKA_COPYABLE, false);
  KF_TRY(made.object, bench.session->CopyObject(generated, changes));
  return made;
}

}  // namespace

Result<MadeTwin> MakeTwin(const Workbench& bench, RootKey key, const Id16& domain, std::uint32_t generation,
                          CK_OBJECT_HANDLE transport_key, const Mechanism& oaep, WrapMethod method) {
  CK_MECHANISM_TYPE only = CKM_SHA256_HMAC;
  if (key != RootKey::kSealIn) {
    KF_TRY(const Mechanism wrapping, bench.profile->WrapMechanism(method));
    only = wrapping.type();
  }
  const Bytes id = RandomBytes(16);
  auto made = FirstThatWorks(kVariants, [&](const Variant& variant) -> Result<MadeTwin> {
    KF_CHECK(DestroyById(*bench.session, id));
    return MakeVariant(bench, TwinTemplate(key, domain, generation, id), key, variant, transport_key, oaep, only);
  });
  KF_TRY_WITH(MadeTwin twin, std::move(made), "making root key '" + std::string(record::Name(key)) + "'");
  KF_CHECK(CheckTwin(*bench.session, twin.object, key));
  twin.twin = {key, id};
  return twin;
}

Status RemoveTwins(cryptoki::Session& session, const Id16& domain, std::uint32_t generation) {
  for (const RootKey key : kRootKeys) {
    const Template label = std::move(Template().Text(CKA_LABEL, record::TwinLabel(key, domain, generation)));
    KF_TRY(const auto found, session.FindObjects(label));
    for (const CK_OBJECT_HANDLE object : found) KF_CHECK(session.DestroyObject(object));
  }
  return {};
}

Result<CK_OBJECT_HANDLE> BringInTransportKey(const Workbench& bench, ByteView spki) {
  KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(spki));
  if (facts.type != KeyType::kRsa || facts.bits < kLeastTransportBits) {
    return std::unexpected(
        Error::Make(Code::kMechanismMissing, "the request's transport key is not RSA of 3072 bits or more"));
  }
  KF_TRY(Template attributes, cryptoki::PublicKeyTemplate(spki));
  attributes.Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, false).Text(CKA_LABEL, "keyferry transport");
  attributes.Bool(CKA_WRAP, true).Bool(CKA_ENCRYPT, false).Bool(CKA_VERIFY, false);
  return bench.session->CreateObject(attributes);
}

}  // namespace keyferry::ceremony
