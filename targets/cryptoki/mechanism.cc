// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/mechanism.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace keyferry::cryptoki {
namespace {

struct HashNumbers {
  CK_MECHANISM_TYPE hash;
  CK_RSA_PKCS_MGF_TYPE mgf;
  std::string_view name;
};

// In the order of OaepHash.
constexpr HashNumbers kHashes[] = {{CKM_SHA_1, CKG_MGF1_SHA1, "SHA-1"},
                                   {CKM_SHA256, CKG_MGF1_SHA256, "SHA-256"},
                                   {CKM_SHA384, CKG_MGF1_SHA384, "SHA-384"},
                                   {CKM_SHA512, CKG_MGF1_SHA512, "SHA-512"}};

const HashNumbers& Numbers(OaepHash hash) { return kHashes[static_cast<std::size_t>(hash)]; }

}  // namespace

std::string_view Name(OaepHash hash) { return Numbers(hash).name; }

Mechanism Mechanism::Plain(CK_MECHANISM_TYPE type) { return Mechanism(type); }

Mechanism Mechanism::WithIv(CK_MECHANISM_TYPE type, ByteView iv) {
  Mechanism mechanism(type);
  mechanism.octets_.assign(iv.begin(), iv.end());
  return mechanism;
}

Mechanism Mechanism::RsaOaep(OaepHash hash, OaepHash mgf, ByteView label) {
  Mechanism mechanism(CKM_RSA_PKCS_OAEP);
  mechanism.octets_.assign(label.begin(), label.end());
  mechanism.oaep_ = true;
  mechanism.hash_ = hash;
  mechanism.mgf_ = mgf;
  return mechanism;
}

NativeMechanism::NativeMechanism(const Mechanism& mechanism) {
  native_.mechanism = mechanism.type_;
  const CK_ULONG size = mechanism.octets_.size();
  void* octets = size == 0 ? nullptr : const_cast<std::uint8_t*>(mechanism.octets_.data());
  if (!mechanism.oaep_) {
    native_.pParameter = octets;
    native_.ulParameterLen = size;
    return;
  }
  oaep_.hashAlg = Numbers(mechanism.hash_).hash;
  oaep_.mgf = Numbers(mechanism.mgf_).mgf;
  // SoftHSM2 takes an empty label only as CKZ_DATA_SPECIFIED with a null pointer, as the standard allows.
  oaep_.source = CKZ_DATA_SPECIFIED;
  oaep_.pSourceData = octets;
  oaep_.ulSourceDataLen = size;
  native_.pParameter = &oaep_;
  native_.ulParameterLen = sizeof oaep_;
}

std::string CkmName(CK_MECHANISM_TYPE type) {
  static constexpr struct {
    CK_MECHANISM_TYPE type;
    const char* name;
  } kNames[] = {
#define KF_CKM(name) {name, #name}
      KF_CKM(CKM_AES_KEY_WRAP),
      KF_CKM(CKM_AES_KEY_WRAP_PAD),
      KF_CKM(CKM_AES_KEY_WRAP_KWP),
      KF_CKM(CKM_AES_ECB),
      KF_CKM(CKM_AES_CBC),
      KF_CKM(CKM_AES_CBC_PAD),
      KF_CKM(CKM_AES_GCM),
      KF_CKM(CKM_AES_CMAC),
      KF_CKM(CKM_SHA256_HMAC),
      KF_CKM(CKM_RSA_PKCS_OAEP),
      KF_CKM(CKM_RSA_PKCS),
      KF_CKM(CKM_SHA256_RSA_PKCS),
      KF_CKM(CKM_ECDSA),
      KF_CKM(CKM_EDDSA),
      KF_CKM(CKM_AES_KEY_GEN),
      KF_CKM(CKM_RSA_PKCS_KEY_PAIR_GEN),
      KF_CKM(CKM_EC_KEY_PAIR_GEN),
      KF_CKM(CKM_GENERIC_SECRET_KEY_GEN),
#undef KF_CKM
  };
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "0x%lx", type);
  const auto* found = std::ranges::find_if(kNames, [type](const auto& entry) { return entry.type == type; });
  if (found != std::end(kNames)) {
    return std::string(found->name) + " (" + number.data() + ")";
  }
  return std::string("CKM ") + number.data();
}

}  // namespace keyferry::cryptoki
