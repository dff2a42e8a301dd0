// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <optional>

#include "targets/cryptoki/der.h"

namespace keyferry::cryptoki {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

struct Curve {
  KeyType type;
  std::uint32_t bits;
  std::size_t point_size;
  std::string_view openssl_name;
  std::array<std::uint8_t, 10> oid;  // DER, with its length in front
};

constexpr std::array<Curve, 4> kCurves = {{
    {KeyType::kEc, 256, 65, "prime256v1", {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}},
    {KeyType::kEc, 384, 97, "secp384r1", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}},
    {KeyType::kEc, 521, 133, "secp521r1", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}},
    {KeyType::kEd25519, 256, 32, "ED25519", {0x06, 0x03, 0x2b, 0x65, 0x70}},
}};

ByteView OidOf(const Curve& curve) { return ByteView(curve.oid).first(std::size_t{2} + curve.oid[1]); }

// PKCS#11 3.0 also names the curve as a PrintableString.
constexpr std::string_view kEd25519Name =
    "\x13\x0c"
    "edwards25519";

const Curve* CurveOf(ByteView params) {
  for (const Curve& curve : kCurves) {
    if (Equal(OidOf(curve), params) || (curve.type == KeyType::kEd25519 && Equal(AsBytes(kEd25519Name), params))) {
      return &curve;
    }
  }
  return nullptr;
}

const Curve* CurveOf(KeyType type, std::uint32_t bits) {
  for (const Curve& curve : kCurves) {
    if (curve.type == type && curve.bits == bits) {
      return &curve;
    }
  }
  return nullptr;
}

std::unexpected<Error> Unsupported(std::string_view why) {
  return std::unexpected(Error::Make(Code::kKeyTypeUnsupported, "public key: " + std::string(why)));
}

Bytes BitString(ByteView content) { return Der(0x03, Concat({Bytes{0}, content})); }

// RFC 5480 section 2, RFC 8410 section 4.
Bytes CurveInfo(const Curve& curve, ByteView point) {
  constexpr std::array<std::uint8_t, 9> kEcPublicKey = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
  const ByteView first = curve.type == KeyType::kEd25519 ? ByteView() : ByteView(kEcPublicKey);
  return Der(0x30, Concat({Der(0x30, Concat({first, OidOf(curve)})), BitString(point)}));
}

// RFC 8017 appendix A.1.
Bytes RsaInfo(ByteView modulus, ByteView exponent) {
  constexpr std::array<std::uint8_t, 15> kRsaAlgorithm = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                          0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
  const Bytes key = Der(0x30, Concat({DerUnsigned(modulus), DerUnsigned(exponent)}));
  return Der(0x30, Concat({kRsaAlgorithm, BitString(key)}));
}

// Tokens give the point as a DER OCTET STRING, some as it is.
std::optional<ByteView> PointIn(ByteView value, std::size_t size) {
  if (value.size() == size) {
    return value;
  }
  if (value.size() > size && Equal(Der(0x04, value.last(size)), value)) {
    return value.last(size);
  }
  return std::nullopt;
}

Bytes Octets(const EVP_PKEY* key, const char* number) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, number, &value) != 1) {
    return {};
  }
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> owner(value, &BN_free);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, out.data());
  return out;
}

Result<PublicKeyFacts> CurveFacts(const EVP_PKEY* key, const Curve& curve) {
  Bytes point(200);
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) != 1 ||
      size != curve.point_size) {
    return Unsupported("its point is not of the uncompressed form");
  }
  point.resize(size);
  const ByteView oid = OidOf(curve);
  return PublicKeyFacts{curve.type, curve.bits, {}, {}, Bytes(oid.begin(), oid.end()), std::move(point)};
}

Result<PublicKeyFacts> FactsOf(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
    return PublicKeyFacts{KeyType::kRsa,
                          static_cast<std::uint32_t>(EVP_PKEY_get_bits(key)),
                          Octets(key, OSSL_PKEY_PARAM_RSA_N),
                          Octets(key, OSSL_PKEY_PARAM_RSA_E),
                          {},
                          {}};
  }
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
    return CurveFacts(key, *CurveOf(KeyType::kEd25519, 256));
  }
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    for (const Curve& curve : kCurves) {
      if (curve.openssl_name == std::string_view(group.data(), size)) {
        return CurveFacts(key, curve);
      }
    }
  }
  return Unsupported("only RSA, EC P-256, P-384, P-521 and Ed25519 are known");
}

Result<Key> KeyOf(ByteView spki) {
  const unsigned char* at = spki.data();
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), &EVP_PKEY_free);
  if (!key || at != spki.data() + spki.size()) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "public key: no DER SubjectPublicKeyInfo"));
  }
  return key;
}

}  // namespace

Bytes PointAsOctetString(ByteView point) { return Der(0x04, point); }

Result<Bytes> EcParamsOf(KeyType type, std::uint32_t bits) {
  const Curve* curve = CurveOf(type, bits);
  if (curve == nullptr) {
    return Unsupported("no curve of " + std::to_string(bits) + " bits is known");
  }
  const ByteView oid = OidOf(*curve);
  return Bytes(oid.begin(), oid.end());
}

Result<PublicKeyFacts> ParsePublicKeyInfo(ByteView spki) {
  KF_TRY(const Key key, KeyOf(spki));
  return FactsOf(key.get());
}

Result<Bytes> ReadPublicKeyInfo(Session& session, CK_OBJECT_HANDLE key) {
  KF_TRY(const AttributeValues values,
         session.GetAttributes(key, {CKA_KEY_TYPE, CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT}));
  if (values.Ulong(CKA_KEY_TYPE) == CKK_RSA) {
    const auto modulus = values.Octets(CKA_MODULUS);
    const auto exponent = values.Octets(CKA_PUBLIC_EXPONENT);
    if (!modulus || modulus->empty() || !exponent || exponent->empty()) {
      return Unsupported("the object does not show its modulus and public exponent");
    }
    return RsaInfo(*modulus, *exponent);
  }
  const auto params = values.Octets(CKA_EC_PARAMS);
  const Curve* curve = params ? CurveOf(*params) : nullptr;
  if (curve == nullptr) {
    return Unsupported("only RSA, EC P-256, P-384, P-521 and Ed25519 are known");
  }
  const auto stored = values.Octets(CKA_EC_POINT);
  const auto point = stored ? PointIn(*stored, curve->point_size) : std::nullopt;
  if (!point) {
    return Unsupported("the object does not show its point in the uncompressed form");
  }
  return CurveInfo(*curve, *point);
}

Result<Template> PublicKeyTemplate(ByteView spki) {
  KF_TRY(const PublicKeyFacts facts, ParsePublicKeyInfo(spki));
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_PUBLIC_KEY);
  if (facts.type == KeyType::kRsa) {
    attributes.Ulong(CKA_KEY_TYPE, CKK_RSA);
    attributes.Octets(CKA_MODULUS, facts.modulus).Octets(CKA_PUBLIC_EXPONENT, facts.public_exponent);
    return attributes;
  }
  attributes.Ulong(CKA_KEY_TYPE, facts.type == KeyType::kEc ? CKK_EC : CKK_EC_EDWARDS);
  attributes.Octets(CKA_EC_PARAMS, facts.ec_params).Octets(CKA_EC_POINT, PointAsOctetString(facts.point));
  return attributes;
}

Result<Bytes> PublicKeyInfoOf(const Secret& pkcs8) {
  const auto view = pkcs8.Expose();
  const unsigned char* at = view.data();
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(view.size())), &PKCS8_PRIV_KEY_INFO_free);
  const Key key(info ? EVP_PKCS82PKEY(info.get()) : nullptr, &EVP_PKEY_free);
  if (!key || at != view.data() + view.size()) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "private key: no DER PKCS#8 PrivateKeyInfo"));
  }
  KF_TRY(const PublicKeyFacts facts, FactsOf(key.get()));
  if (facts.type == KeyType::kRsa) {
    return RsaInfo(facts.modulus, facts.public_exponent);
  }
  return CurveInfo(*CurveOf(facts.type, facts.bits), facts.point);
}

}  // namespace keyferry::cryptoki
