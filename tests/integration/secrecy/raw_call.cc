// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/raw_call.h"

#include <cstring>

namespace keyferry::secrecy {
namespace {

unsigned char g_zeros[32];

template <typename T>
CK_MECHANISM With(CK_MECHANISM_TYPE type, T& parameter) {
  return {type, &parameter, sizeof parameter};
}

CK_MECHANISM Plain(CK_MECHANISM_TYPE type) { return {type, nullptr, 0}; }
CK_MECHANISM WithIv(CK_MECHANISM_TYPE type) { return {type, g_zeros, 16}; }

CK_MECHANISM Counter() {
  static CK_AES_CTR_PARAMS parameters{};
  parameters.counter_bits = 128;
  return With(CKM_AES_CTR, parameters);
}

CK_MECHANISM Gcm() {
  static CK_GCM_PARAMS parameters{};
  parameters.iv_ptr = g_zeros;
  parameters.iv_len = 12;
  parameters.iv_bits = 96;
  parameters.tag_bits = 128;
  return With(CKM_AES_GCM, parameters);
}

CK_MECHANISM Oaep() {
  static CK_RSA_PKCS_OAEP_PARAMS parameters{};
  parameters.hashAlg = CKM_SHA_1;
  parameters.mgf = CKG_MGF1_SHA1;
  parameters.source = CKZ_DATA_SPECIFIED;
  return With(CKM_RSA_PKCS_OAEP, parameters);
}

CK_MECHANISM OfData(CK_MECHANISM_TYPE type) {
  static CK_KEY_DERIVATION_STRING_DATA parameters{g_zeros, sizeof g_zeros};
  return With(type, parameters);
}

CK_MECHANISM OfCbcData() {
  static CK_AES_CBC_ENCRYPT_DATA_PARAMS parameters{};
  parameters.data_params = g_zeros;
  parameters.length = sizeof g_zeros;
  return With(CKM_AES_CBC_ENCRYPT_DATA, parameters);
}

}  // namespace

RawTemplate& RawTemplate::Ulong(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes octets(sizeof value);
  std::memcpy(octets.data(), &value, sizeof value);
  return Set(type, std::move(octets));
}

RawTemplate& RawTemplate::Set(CK_ATTRIBUTE_TYPE type, Bytes value) {
  for (Attribute& attribute : attributes_) {
    if (attribute.type != type) continue;
    attribute.value = std::move(value);
    return *this;
  }
  return Append(type, std::move(value));
}

RawTemplate& RawTemplate::Append(CK_ATTRIBUTE_TYPE type, Bytes value) {
  attributes_.push_back({type, std::move(value), {}, {}});
  return *this;
}

RawTemplate& RawTemplate::Prepend(CK_ATTRIBUTE_TYPE type, Bytes value) {
  attributes_.insert(attributes_.begin(), {type, std::move(value), {}, {}});
  return *this;
}

RawTemplate& RawTemplate::Nested(CK_ATTRIBUTE_TYPE type, const RawTemplate& value) {
  Attribute attribute{type, {}, {}, {}};
  for (const Attribute& inner : value.attributes_) attribute.nested.emplace_back(inner.type, inner.value);
  attributes_.push_back(std::move(attribute));
  return *this;
}

RawTemplate& RawTemplate::Remove(CK_ATTRIBUTE_TYPE type) {
  std::erase_if(attributes_, [type](const Attribute& attribute) { return attribute.type == type; });
  return *this;
}

std::vector<CK_ATTRIBUTE> RawTemplate::Native() {
  std::vector<CK_ATTRIBUTE> native;
  for (Attribute& attribute : attributes_) {
    if (attribute.nested.empty()) {
      native.push_back({attribute.type, attribute.value.data(), attribute.value.size()});
      continue;
    }
    attribute.native.clear();
    for (auto& [type, value] : attribute.nested) attribute.native.push_back({type, value.data(), value.size()});
    native.push_back({attribute.type, attribute.native.data(), attribute.native.size() * sizeof(CK_ATTRIBUTE)});
  }
  return native;
}

const std::vector<RawMechanism>& WrapMechanisms() {
  static const std::vector<RawMechanism> kAll = {
      {"KEY_WRAP (0x2109)", Plain(0x2109)},
      {"KEY_WRAP_PAD (0x210A)", Plain(0x210A)},
      {"KEY_WRAP_KWP (0x210B)", Plain(0x210B)},
      {"AES_ECB", Plain(CKM_AES_ECB)},
      {"AES_CBC", WithIv(CKM_AES_CBC)},
      {"AES_CBC_PAD", WithIv(CKM_AES_CBC_PAD)},
      {"AES_CTR", Counter()},
      {"AES_GCM", Gcm()},
      {"DES3_CBC", {CKM_DES3_CBC, g_zeros, 8}},
      {"RSA_PKCS", Plain(CKM_RSA_PKCS)},
      {"RSA_OAEP", Oaep()},
  };
  return kAll;
}

const std::vector<RawMechanism>& CipherMechanisms() { return WrapMechanisms(); }

const std::vector<RawMechanism>& MacMechanisms() {
  static const std::vector<RawMechanism> kAll = {
      {"AES_CMAC", Plain(CKM_AES_CMAC)},       {"AES_MAC", Plain(CKM_AES_MAC)},
      {"SHA256_HMAC", Plain(CKM_SHA256_HMAC)}, {"SHA_1_HMAC", Plain(CKM_SHA_1_HMAC)},
      {"SHA512_HMAC", Plain(CKM_SHA512_HMAC)},
  };
  return kAll;
}

std::vector<RawMechanism> DeriveMechanisms(CK_OBJECT_HANDLE& other) {
  static CK_ULONG first_bit = 0;
  return {
      {"AES_ECB_ENCRYPT_DATA", OfData(CKM_AES_ECB_ENCRYPT_DATA)},
      {"AES_CBC_ENCRYPT_DATA", OfCbcData()},
      {"CONCATENATE_BASE_AND_DATA", OfData(CKM_CONCATENATE_BASE_AND_DATA)},
      {"CONCATENATE_DATA_AND_BASE", OfData(CKM_CONCATENATE_DATA_AND_BASE)},
      {"CONCATENATE_BASE_AND_KEY", With(CKM_CONCATENATE_BASE_AND_KEY, other)},
      {"XOR_BASE_AND_DATA", OfData(CKM_XOR_BASE_AND_DATA)},
      {"EXTRACT_KEY_FROM_KEY", With(CKM_EXTRACT_KEY_FROM_KEY, first_bit)},
      {"SHA256_KEY_DERIVATION", Plain(CKM_SHA256_KEY_DERIVATION)},
  };
}

}  // namespace keyferry::secrecy
