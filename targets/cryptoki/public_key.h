// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/item.h"
#include "targets/cryptoki/session.h"

namespace keyferry::cryptoki {

// Public keys between a token's attributes and DER SubjectPublicKeyInfo (RFC 5280, 5480, 8017, 8410).

// Of a public key object, or of an RSA private key that shows its public exponent. kKeyTypeUnsupported for other types
// and curves.
Result<Bytes> ReadPublicKeyInfo(Session& session, CK_OBJECT_HANDLE key);

// CKA_CLASS public key, CKA_KEY_TYPE and the values (modulus and exponent; curve and point as a DER OCTET STRING).
// Label, id and usage are the caller's. kKeyTypeUnsupported, kEncodingInvalid.
Result<Template> PublicKeyTemplate(ByteView spki);

// What a SubjectPublicKeyInfo holds.
struct PublicKeyFacts {
  KeyType type = KeyType::kRsa;
  std::uint32_t bits = 0;  // of the modulus or the curve
  Bytes modulus;           // RSA: big-endian, no leading zero
  Bytes public_exponent;   // RSA
  Bytes ec_params;         // EC, Ed25519: DER of the curve's name, as CKA_EC_PARAMS
  Bytes point;             // EC: uncompressed (0x04 ‖ x ‖ y); Ed25519: 32 octets
};
Result<PublicKeyFacts> ParsePublicKeyInfo(ByteView spki);
// The public half of a DER PKCS#8 PrivateKeyInfo. kEncodingInvalid, kKeyTypeUnsupported.
Result<Bytes> PublicKeyInfoOf(const Secret& pkcs8);
// DER OCTET STRING around a point, as CKA_EC_POINT and CKA_NSS_DB hold it.
Bytes PointAsOctetString(ByteView point);
// DER of the curve's name for CKA_EC_PARAMS: kEc with 256, 384, 521; kEd25519 with 256. kKeyTypeUnsupported.
Result<Bytes> EcParamsOf(KeyType type, std::uint32_t bits);

// Whether the two halves belong together, shown by doing: signs random octets with the private key in the token and
// verifies outside with `spki`. Code::kCheckValueWrong where they do not. The key must be allowed to sign.
Status CheckPrivateKey(Session& session, CK_OBJECT_HANDLE private_key, ByteView spki);

}  // namespace keyferry::cryptoki
