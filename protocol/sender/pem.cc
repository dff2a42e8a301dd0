// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/pem.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace keyferry::sender {
namespace {

struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
  ByteView octets() const { return {data, static_cast<std::size_t>(size)}; }
};

Error Invalid(std::string what) { return Error::Make(Code::kEncodingInvalid, std::move(what)); }

// Any unencrypted private key as PKCS#8. `where`: for the message.
Result<Secret> AsPkcs8(ByteView der, const std::string& where) {
  const unsigned char* at = der.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free);
  if (!key) return std::unexpected(Invalid(where + " holds no private key"));
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(EVP_PKEY2PKCS8(key.get()),
                                                                                       PKCS8_PRIV_KEY_INFO_free);
  if (!info) return std::unexpected(Invalid("the private key has no PKCS#8 form"));
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  if (size <= 0) return std::unexpected(Invalid("the private key has no PKCS#8 form"));
  KF_TRY(Secret pkcs8, Secret::Allocate(static_cast<std::size_t>(size)));
  unsigned char* out = pkcs8.ExposeMutable().data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out);
  return pkcs8;
}

Status Take(const Block& block, PemContent& content) {
  const std::string_view name(block.name);
  const auto twice = [&] { return std::unexpected(Invalid("the file holds two '" + std::string(name) + "' blocks")); };
  if (name == "PRIVATE KEY" || name == "RSA PRIVATE KEY" || name == "EC PRIVATE KEY") {
    if (block.header[0] != '\0') return std::unexpected(Invalid("the file's private key is encrypted"));
    if (content.private_key) return twice();
    KF_TRY(content.private_key, AsPkcs8(block.octets(), "the file's '" + std::string(name) + "' block"));
  } else if (name == "PUBLIC KEY") {
    if (content.public_key) return twice();
    content.public_key = Bytes(block.octets().begin(), block.octets().end());
  } else if (name == "CERTIFICATE") {
    if (content.certificate) return twice();
    content.certificate = Bytes(block.octets().begin(), block.octets().end());
  } else if (name != "EC PARAMETERS") {
    return std::unexpected(Invalid("the file's '" + Printable(name) + "' block is none that can be pushed"));
  }
  return {};
}

}  // namespace

Result<PemContent> ReadPem(const Secret& pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return std::unexpected(Invalid("too large"));
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.Expose().data(), static_cast<int>(pem.size())), BIO_free);
  PemContent content;
  bool any = false;
  for (;;) {
    Block block;
    if (PEM_read_bio(bio.get(), &block.name, &block.header, &block.data, &block.size) != 1) break;
    any = true;
    KF_CHECK(Take(block, content));
  }
  constexpr std::uint8_t kSequence = 0x30;
  if (!any && !pem.empty() && pem.Expose().front() == kSequence) {
    KF_TRY(content.private_key, AsPkcs8(pem.Expose(), "the file"));
    return content;
  }
  if (!any) return std::unexpected(Invalid("the file holds no PEM block (RFC 7468) and no DER private key (PKCS#8)"));
  return content;
}

}  // namespace keyferry::sender
