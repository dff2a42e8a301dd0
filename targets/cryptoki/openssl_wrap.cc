// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/openssl_wrap.h"

#include <openssl/evp.h>

#include <memory>

namespace keyferry::cryptoki {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const EVP_CIPHER* CipherFor(WrapMethod method, std::size_t kek_size) {
  const bool kwp = method == WrapMethod::kAesKwp;
  if (!kwp && method != WrapMethod::kAesKw) {
    return nullptr;
  }
  switch (kek_size) {
    case 16:
      return kwp ? EVP_aes_128_wrap_pad() : EVP_aes_128_wrap();
    case 24:
      return kwp ? EVP_aes_192_wrap_pad() : EVP_aes_192_wrap();
    case 32:
      return kwp ? EVP_aes_256_wrap_pad() : EVP_aes_256_wrap();
    default:
      return nullptr;
  }
}

Result<Context> Start(WrapMethod method, const Secret& kek, bool encrypt) {
  const EVP_CIPHER* cipher = CipherFor(method, kek.size());
  if (cipher == nullptr) {
    return std::unexpected(Error::Make(Code::kItemLength, "a key of " + std::to_string(kek.size()) +
                                                              " octets cannot wrap by " + std::string(Name(method))));
  }
  Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (context) {
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  }
  if (!context ||
      EVP_CipherInit_ex(context.get(), cipher, nullptr, kek.Expose().data(), nullptr, encrypt ? 1 : 0) != 1) {
    return std::unexpected(Error::Make(Code::kInternal, "OpenSSL does not start " + std::string(Name(method))));
  }
  return context;
}

constexpr std::size_t kLargest = std::size_t{1} << 20;

bool CanWrap(WrapMethod method, std::size_t size) {
  const bool multiple = size >= 16 && size % 8 == 0;
  return size >= 1 && size <= kLargest && (method == WrapMethod::kAesKwp || multiple);
}

}  // namespace

Result<Bytes> SoftwareWrap(WrapMethod method, const Secret& kek, const Secret& key) {
  KF_TRY(Context context, Start(method, kek, true));
  if (!CanWrap(method, key.size())) {
    return std::unexpected(Error::Make(
        Code::kItemLength, std::string(Name(method)) + " does not wrap " + std::to_string(key.size()) + " octets"));
  }
  Bytes out(key.size() + 32);
  int size = 0;
  if (EVP_CipherUpdate(context.get(), out.data(), &size, key.Expose().data(), static_cast<int>(key.size())) != 1) {
    return std::unexpected(Error::Make(Code::kInternal, "OpenSSL failed to wrap by " + std::string(Name(method))));
  }
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<Secret> SoftwareUnwrap(WrapMethod method, const Secret& kek, ByteView wrapped) {
  KF_TRY(Context context, Start(method, kek, false));
  const Error wrong =
      Error::Make(Code::kUnwrapFailed, std::string(Name(method)) + ": " + std::to_string(wrapped.size()) +
                                           " octets were not wrapped under this key");
  const std::size_t least = method == WrapMethod::kAesKwp ? 16 : 24;
  if (wrapped.size() < least || wrapped.size() % 8 != 0 || wrapped.size() > kLargest) {
    return std::unexpected(wrong);
  }
  // A failed RFC 5649 decryption of OpenSSL 3.0 writes 8 octets past the size that it asks for.
  KF_TRY(Secret out, Secret::Allocate(wrapped.size() + 16));
  int size = 0;
  const int done = EVP_CipherUpdate(context.get(), out.ExposeMutable().data(), &size, wrapped.data(),
                                    static_cast<int>(wrapped.size()));
  if (done != 1 || size <= 0) {
    return std::unexpected(wrong);
  }
  out.Shrink(static_cast<std::size_t>(size));
  return out;
}

}  // namespace keyferry::cryptoki
