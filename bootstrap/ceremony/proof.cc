// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/ceremony/proof.h"

#include <string>
#include <utility>

#include "targets/cryptoki/public_key.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::ScopedObject;
using cryptoki::Template;
using record::RootKey;

constexpr CK_ULONG kKeyOctets = 32;

CK_KEY_TYPE TypeOf(RootKey key) {
  switch (key) {
    case RootKey::kAes:
      return CKK_AES;
    case RootKey::kPrivate:
      return CKK_EC;
    case RootKey::kMac:
    case RootKey::kSealIn:
      break;
  }
  return CKK_GENERIC_SECRET;
}

Mechanism SigningOf(RootKey key) {
  switch (key) {
    case RootKey::kAes:
      return Mechanism::AesCmac();
    case RootKey::kPrivate:
      return Mechanism::Ecdsa();
    case RootKey::kMac:
    case RootKey::kSealIn:
      break;
  }
  return Mechanism::HmacSha256();
}

// A session object that signs, and does nothing else.
Template SigningKey(RootKey key, bool extractable) {
  Template attributes;
  const bool is_private = key == RootKey::kPrivate;
  attributes.Ulong(CKA_CLASS, is_private ? CKO_PRIVATE_KEY : CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, TypeOf(key));
  attributes.Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  attributes.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, extractable);
  attributes.Bool(CKA_SIGN, true).Bool(CKA_DECRYPT, false).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false);
  if (!is_private) attributes.Bool(CKA_ENCRYPT, false).Bool(CKA_VERIFY, false).Bool(CKA_WRAP, false);
  return attributes;
}

Result<ScopedObject> UnwrapProofKey(const Workbench& bench, CK_OBJECT_HANDLE kek, const Blob& blob, WrapMethod method) {
  KF_TRY(const Mechanism mechanism, bench.profile->WrapMechanism(method));
  Template attributes = SigningKey(blob.key, /*extractable=*/false);
  if (blob.key == RootKey::kPrivate && bench.profile->ec_private_wants_point) {
    KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(blob.public_key));
    attributes.Octets(CKA_NSS_DB, facts.point);
  }
  KF_TRY(const CK_OBJECT_HANDLE object, bench.session->UnwrapKey(mechanism, kek, blob.wrapped, attributes));
  return ScopedObject(*bench.session, object);
}

}  // namespace

Result<Bytes> Prove(const Workbench& bench, CK_OBJECT_HANDLE kek, const Blob& blob, WrapMethod method,
                    const Digest& challenge) {
  KF_TRY(const ScopedObject key, UnwrapProofKey(bench, kek, blob, method));
  return bench.session->Sign(SigningOf(blob.key), key.get(), challenge);
}

Result<ProofKey> ProofKey::Make(const Workbench& bench, RootKey key) {
  Template attributes = SigningKey(key, /*extractable=*/true);
  if (key != RootKey::kPrivate) {
    attributes.Ulong(CKA_VALUE_LEN, kKeyOctets);
    const Mechanism mechanism = key == RootKey::kAes ? Mechanism::AesKeyGen() : Mechanism::GenericSecretKeyGen();
    KF_TRY_WITH(const CK_OBJECT_HANDLE object, bench.session->GenerateKey(mechanism, attributes), "making a proof key");
    return ProofKey(bench, key, object);
  }
  KF_TRY(const Bytes curve, cryptoki::EcParamsOf(KeyType::kEc, 256));
  Template public_half;
  public_half.Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, false).Bool(CKA_VERIFY, true).Octets(CKA_EC_PARAMS, curve);
  KF_TRY_WITH(const cryptoki::KeyPair pair,
              bench.session->GenerateKeyPair(Mechanism::EcKeyPairGen(), public_half, attributes),
              "making a proof key pair");
  const ScopedObject owner(*bench.session, pair.public_key);
  ProofKey made(bench, key, pair.private_key);
  KF_TRY(made.public_key_, cryptoki::ReadPublicKeyInfo(*bench.session, pair.public_key));
  return made;
}

Result<Blob> ProofKey::Wrap(CK_OBJECT_HANDLE twin, WrapMethod method) {
  KF_TRY(const Mechanism mechanism, bench_.profile->WrapMechanism(method));
  KF_TRY_WITH(Bytes wrapped, bench_.session->WrapKey(mechanism, twin, object_.get()), "wrapping a proof key");
  return Blob{key_, std::move(wrapped), public_key_};
}

Result<record::ExpectedProof> ProofKey::Expect(const Digest& challenge) {
  if (key_ == RootKey::kPrivate) return record::ExpectedProof{key_, public_key_};
  KF_TRY(const Bytes mac, bench_.session->Sign(SigningOf(key_), object_.get(), challenge));
  const Digest digest = Sha256(mac);
  return record::ExpectedProof{key_, Bytes(digest.begin(), digest.end())};
}

Status CheckProofValue(const record::ExpectedProof& expected, const ProofValue& value, const Digest& challenge) {
  const bool right = expected.key == value.key &&
                     (expected.key == RootKey::kPrivate ? EcdsaP256Verify(expected.expected, challenge, value.value)
                                                        : Equal(Sha256(value.value), expected.expected));
  if (right) return {};
  return std::unexpected(Error::Make(
      Code::kProofWrong, "the proof of root key '" + std::string(record::Name(expected.key)) + "' is wrong"));
}

}  // namespace keyferry::ceremony
