// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/ceremony/token_keys.h"

#include <array>
#include <optional>
#include <utility>

#include "bootstrap/ceremony/attempt.h"
#include "bootstrap/record/signed_document.h"
#include "targets/cryptoki/ckr.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;

constexpr std::size_t kReceiptIdOctets = 16;
constexpr std::string_view kTransportLabel = "keyferry transport";

// What may differ between tokens; the strongest first.
struct Variant {
  CK_ULONG bits;  // of the RSA modulus
  bool unmodifiable;
  bool allowed_mechanisms;
  bool unwrap_template;
};

Template PrivateHalf(std::string_view label, ByteView id, bool signs, bool unwraps) {
  Template half;
  half.Bool(CKA_TOKEN, true).Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  half.Text(CKA_LABEL, label).Octets(CKA_ID, id);
  half.Bool(CKA_SIGN, signs).Bool(CKA_DECRYPT, false).Bool(CKA_UNWRAP, unwraps).Bool(CKA_DERIVE, false);
  return half;
}

Template PublicHalf(ByteView id) {
  Template half;
  half.Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, false).Octets(CKA_ID, id);
  return half;
}

void Guard(Template& half, const Variant& variant, CK_MECHANISM_TYPE only) {
  const std::array<CK_MECHANISM_TYPE, 1> allowed = {only};
  if (variant.unmodifiable) half.Bool(CKA_MODIFIABLE, false);
  if (variant.allowed_mechanisms) half.Mechanisms(CKA_ALLOWED_MECHANISMS, allowed);
}

// No token is believed: what came of it is read back.
Status CheckBorn(const cryptoki::Session& session, CK_OBJECT_HANDLE key, bool signs, std::string_view what) {
  KF_TRY(const cryptoki::AttributeValues seen,
         session.GetAttributes(key, {CKA_TOKEN, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP}));
  if (seen.Bool(CKA_TOKEN) == true && seen.Bool(CKA_SENSITIVE) == true && seen.Bool(CKA_EXTRACTABLE) == false &&
      seen.Bool(CKA_SIGN) == signs && seen.Bool(CKA_DECRYPT) == false && seen.Bool(CKA_UNWRAP) == !signs) {
    return {};
  }
  return std::unexpected(Error::Make(
      Code::kReadBackWrong, "the token did not keep the attributes that were asked for of the " + std::string(what)));
}

Result<BornKey> Finish(cryptoki::Session& session, const cryptoki::KeyPair& pair, Bytes id, bool signs,
                       std::string_view what) {
  const cryptoki::ScopedObject public_half(session, pair.public_key);
  KF_CHECK(CheckBorn(session, pair.private_key, signs, what));
  KF_TRY(Bytes public_key, cryptoki::ReadPublicKeyInfo(session, pair.public_key));
  return BornKey{std::move(id), std::move(public_key)};
}

}  // namespace

Result<BornKey> MakeReceiptKey(const Workbench& bench) {
  static constexpr std::array kVariants = {Variant{0, true, true, false}, Variant{0, true, false, false},
                                           Variant{0, false, true, false}, Variant{0, false, false, false}};
  const Bytes id = RandomBytes(kReceiptIdOctets);
  KF_TRY(const Bytes curve, cryptoki::EcParamsOf(KeyType::kEc, 256));
  const auto made = FirstThatWorks(kVariants, [&](const Variant& variant) {
    Template public_half = PublicHalf(id);
    public_half.Bool(CKA_VERIFY, true).Octets(CKA_EC_PARAMS, curve);
    Template private_half = PrivateHalf(record::ReceiptLabel(), id, /*signs=*/true, /*unwraps=*/false);
    Guard(private_half, variant, CKM_ECDSA);
    return bench.session->GenerateKeyPair(Mechanism::EcKeyPairGen(), public_half, private_half);
  });
  KF_TRY_WITH(const cryptoki::KeyPair pair, made, "making the receipt key");
  return Finish(*bench.session, pair, id, true, "receipt key");
}

Result<BornKey> MakeTransportKey(const Workbench& bench, const Id16& domain, std::uint32_t generation) {
  static constexpr std::array kVariants = {Variant{4096, true, true, true},    Variant{4096, false, true, true},
                                           Variant{4096, true, true, false},   Variant{4096, true, false, false},
                                           Variant{4096, false, false, false}, Variant{3072, true, true, true},
                                           Variant{3072, false, false, false}};
  const Bytes id = ObjectId("transport", domain, generation);
  const auto made = FirstThatWorks(kVariants, [&](const Variant& variant) -> Result<cryptoki::KeyPair> {
    KF_CHECK(DestroyById(*bench.session, id));
    Template public_half = PublicHalf(id);
    public_half.Bool(CKA_WRAP, true).Bool(CKA_ENCRYPT, false).Bool(CKA_VERIFY, false);
    public_half.Ulong(CKA_MODULUS_BITS, variant.bits).Octets(CKA_PUBLIC_EXPONENT, Bytes{1, 0, 1});
    Template private_half = PrivateHalf(kTransportLabel, id, /*signs=*/false, /*unwraps=*/true);
    Guard(private_half, variant, CKM_RSA_PKCS_OAEP);
    if (variant.unwrap_template && bench.profile->template_enforced) {
      Template guard;
      guard.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
      private_half.Nested(CKA_UNWRAP_TEMPLATE, std::move(guard));
    }
    return bench.session->GenerateKeyPair(Mechanism::RsaKeyPairGen(), public_half, private_half);
  });
  KF_TRY_WITH(const cryptoki::KeyPair pair, made, "making the transport key");
  return Finish(*bench.session, pair, id, false, "transport key");
}

Result<std::optional<CK_OBJECT_HANDLE>> FindTransportKey(const cryptoki::Session& session, const Id16& domain,
                                                         std::uint32_t generation) {
  KF_TRY(const auto found, session.FindObjects(Template().Octets(CKA_ID, ObjectId("transport", domain, generation))));
  return found.empty() ? std::nullopt : std::optional<CK_OBJECT_HANDLE>(found.front());
}

Status DestroyTransportKey(cryptoki::Session& session, const Id16& domain, std::uint32_t generation) {
  return DestroyById(session, ObjectId("transport", domain, generation));
}

Result<CK_OBJECT_HANDLE> FindReceiptKey(const cryptoki::Session& session, ByteView id) {
  return session.FindOne(Template().Ulong(CKA_CLASS, CKO_PRIVATE_KEY).Octets(CKA_ID, id), "receipt key");
}

Result<std::string> SignByReceiptKey(cryptoki::Session& session, ByteView receipt_key_id, std::string_view kind,
                                     std::string json) {
  KF_TRY(const CK_OBJECT_HANDLE key, FindReceiptKey(session, receipt_key_id));
  const Digest digest = Sha256(record::SignedOctets(kind, json));
  KF_TRY_WITH(Bytes signature, session.Sign(Mechanism::Ecdsa(), key, digest), "signing the " + std::string(kind));
  return record::FormatDocument({std::string(kind), std::move(json), std::move(signature)});
}

Status TokenSealVerifier::Verify(ByteView data, ByteView seal) {
  const Status verified = session_->Verify(Mechanism::HmacSha256(), seal_in_, data, seal);
  if (verified) return {};
  // NSS answers CKR_DEVICE_ERROR for a MAC that is wrong.
  if (verified.error().code() == Code::kSignatureWrong || cryptoki::RvOf(verified.error()) == CKR_DEVICE_ERROR) {
    return std::unexpected(
        Error::Make(Code::kSealWrong, "the confirmation's seal was not made with this domain's keys"));
  }
  return std::unexpected(verified.error());
}

}  // namespace keyferry::ceremony
