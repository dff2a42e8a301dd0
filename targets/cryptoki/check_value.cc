// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/check_value.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

namespace keyferry::cryptoki {
namespace {

constexpr std::array<std::uint8_t, 16> kZeros{};

struct MethodFacts {
  CK_MECHANISM_TYPE mechanism;
  std::size_t size;
};

MethodFacts FactsOf(CheckMethod method) {
  switch (method) {
    case CheckMethod::kEcb0:
      return {CKM_AES_ECB, 3};
    case CheckMethod::kCmac:
      return {CKM_AES_CMAC, 5};
    case CheckMethod::kHmac:
      return {CKM_SHA256_HMAC, 8};
    case CheckMethod::kNone:
    case CheckMethod::kPublicKey:
      break;
  }
  return {0, 0};
}

const char* AesName(std::size_t size, bool cbc) {
  switch (size) {
    case 16:
      return cbc ? "AES-128-CBC" : "AES-128-ECB";
    case 24:
      return cbc ? "AES-192-CBC" : "AES-192-ECB";
    case 32:
      return cbc ? "AES-256-CBC" : "AES-256-ECB";
    default:
      return nullptr;
  }
}

Result<Bytes> SoftwareEcb(const Secret& key, const char* name) {
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(EVP_CIPHER_fetch(nullptr, name, nullptr),
                                                                       &EVP_CIPHER_free);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  Bytes out(32);
  int size = 0;
  if (!cipher || !context ||
      EVP_EncryptInit_ex2(context.get(), cipher.get(), key.Expose().data(), nullptr, nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, kZeros.data(), static_cast<int>(kZeros.size())) != 1) {
    return std::unexpected(Error::Make(Code::kInternal, "OpenSSL failed at AES-ECB"));
  }
  return out;
}

Result<Bytes> SoftwareMac(const Secret& key, const char* mac_name, const char* parameter, const char* value) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, mac_name, nullptr), &EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr,
                                                                          &EVP_MAC_CTX_free);
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(parameter, const_cast<char*>(value), 0), OSSL_PARAM_construct_end()};
  Bytes out(64);
  std::size_t size = 0;
  if (!context || EVP_MAC_init(context.get(), key.Expose().data(), key.size(), parameters.data()) != 1 ||
      EVP_MAC_update(context.get(), kZeros.data(), kZeros.size()) != 1 ||
      EVP_MAC_final(context.get(), out.data(), &size, out.size()) != 1) {
    return std::unexpected(Error::Make(Code::kInternal, std::string("OpenSSL failed at ") + mac_name));
  }
  return out;
}

}  // namespace

Result<Bytes> ComputeCheckValue(Session& session, CK_OBJECT_HANDLE key, CheckMethod method) {
  const MethodFacts facts = FactsOf(method);
  if (method == CheckMethod::kNone) {
    return Bytes();
  }
  if (facts.size == 0) {
    return std::unexpected(
        Error::Make(Code::kNotPossibleHere, "no check value of a key is computed by " + std::string(Name(method))));
  }
  const Mechanism mechanism = Mechanism::Plain(facts.mechanism);
  auto computed =
      method == CheckMethod::kEcb0 ? session.Encrypt(mechanism, key, kZeros) : session.Sign(mechanism, key, kZeros);
  KF_TRY_WITH(Bytes value, std::move(computed), "check value " + std::string(Name(method)));
  if (value.size() < facts.size) {
    return std::unexpected(Error::Make(
        Code::kTokenFailed, "the token's answer for check value " + std::string(Name(method)) + " is too short"));
  }
  value.resize(facts.size);
  return value;
}

Result<Bytes> SoftwareCheckValue(const Secret& key, CheckMethod method) {
  if (method == CheckMethod::kNone) {
    return Bytes();
  }
  const MethodFacts facts = FactsOf(method);
  if (facts.size == 0) {
    return std::unexpected(
        Error::Make(Code::kNotPossibleHere, "no check value of a key is computed by " + std::string(Name(method))));
  }
  if (method == CheckMethod::kHmac) {
    KF_TRY(Bytes value, SoftwareMac(key, "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA256"));
    value.resize(facts.size);
    return value;
  }
  const char* name = AesName(key.size(), method == CheckMethod::kCmac);
  if (name == nullptr) {
    return std::unexpected(
        Error::Make(Code::kItemLength, "a key of " + std::to_string(key.size()) + " octets is no AES key"));
  }
  auto computed =
      method == CheckMethod::kEcb0 ? SoftwareEcb(key, name) : SoftwareMac(key, "CMAC", OSSL_MAC_PARAM_CIPHER, name);
  KF_TRY(Bytes value, std::move(computed));
  value.resize(facts.size);
  return value;
}

}  // namespace keyferry::cryptoki
