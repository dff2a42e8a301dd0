// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {

enum class OaepHash : std::uint8_t { kSha1, kSha256, kSha384, kSha512 };
std::string_view Name(OaepHash hash);  // "SHA-1", "SHA-256", "SHA-384", "SHA-512"

// A CK_MECHANISM that owns its parameters.
class Mechanism {
 public:
  // Without parameters: CKM_AES_ECB, CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP, CKM_ECDSA, key generation, …
  static Mechanism Plain(CK_MECHANISM_TYPE type);
  // CKM_AES_CBC, CKM_AES_CBC_PAD: `iv` of 16 octets.
  static Mechanism WithIv(CK_MECHANISM_TYPE type, ByteView iv);
  // CKM_RSA_PKCS_OAEP (RFC 8017 section 7.1), with MGF1 of `mgf`; `label` is the encoding parameter, usually empty.
  static Mechanism RsaOaep(OaepHash hash, OaepHash mgf, ByteView label = {});

  static Mechanism AesEcb() { return Plain(CKM_AES_ECB); }
  static Mechanism AesCmac() { return Plain(CKM_AES_CMAC); }
  static Mechanism HmacSha256() { return Plain(CKM_SHA256_HMAC); }
  static Mechanism Ecdsa() { return Plain(CKM_ECDSA); }  // over a digest; the signature is r ‖ s
  static Mechanism EdDsa() { return Plain(CKM_EDDSA); }
  static Mechanism RsaPkcs() { return Plain(CKM_RSA_PKCS); }
  static Mechanism Sha256RsaPkcs() { return Plain(CKM_SHA256_RSA_PKCS); }
  static Mechanism AesKeyGen() { return Plain(CKM_AES_KEY_GEN); }
  static Mechanism GenericSecretKeyGen() { return Plain(CKM_GENERIC_SECRET_KEY_GEN); }
  static Mechanism RsaKeyPairGen() { return Plain(CKM_RSA_PKCS_KEY_PAIR_GEN); }
  static Mechanism EcKeyPairGen() { return Plain(CKM_EC_KEY_PAIR_GEN); }

  CK_MECHANISM_TYPE type() const { return type_; }

 private:
  friend class NativeMechanism;
  explicit Mechanism(CK_MECHANISM_TYPE type) : type_(type) {}

  CK_MECHANISM_TYPE type_;
  Bytes octets_;  // iv, or OAEP label
  bool oaep_ = false;
  OaepHash hash_ = OaepHash::kSha1;
  OaepHash mgf_ = OaepHash::kSha1;
};

// The C struct of a mechanism for the length of one call. The Mechanism must outlive it.
class NativeMechanism {
 public:
  explicit NativeMechanism(const Mechanism& mechanism);
  NativeMechanism(const NativeMechanism&) = delete;
  NativeMechanism& operator=(const NativeMechanism&) = delete;
  CK_MECHANISM* get() { return &native_; }

 private:
  CK_RSA_PKCS_OAEP_PARAMS oaep_{};
  CK_MECHANISM native_{};
};

// "CKM_AES_KEY_WRAP (0x2109)"; "CKM 0x…" for a type without a name here.
std::string CkmName(CK_MECHANISM_TYPE type);

}  // namespace keyferry::cryptoki
