// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Whether two halves of a key pair belong together: the part of public_key.h that verifies signatures.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/der.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::cryptoki {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Mechanism SigningMechanism(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return Mechanism::Sha256RsaPkcs();
    case KeyType::kEd25519:
      return Mechanism::EdDsa();
    default:
      return Mechanism::Ecdsa();
  }
}

bool VerifyMessage(EVP_PKEY* key, const EVP_MD* digest, ByteView message, ByteView signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

// `signature`: r ‖ s, as PKCS#11 gives it.
bool VerifyEcdsa(EVP_PKEY* key, ByteView digest, ByteView signature) {
  const std::size_t half = signature.size() / 2;
  if (half == 0 || signature.size() % 2 != 0) {
    return false;
  }
  const Bytes der = Der(0x30, Concat({DerUnsigned(signature.first(half)), DerUnsigned(signature.last(half))}));
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key, nullptr),
                                                                            &EVP_PKEY_CTX_free);
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
}

}  // namespace

Status CheckPrivateKey(Session& session, CK_OBJECT_HANDLE private_key, ByteView spki) {
  KF_TRY(const PublicKeyFacts facts, ParsePublicKeyInfo(spki));
  const Bytes challenge = RandomBytes(32);
  KF_TRY(const Bytes signature, session.Sign(SigningMechanism(facts.type), private_key, challenge));
  const unsigned char* at = spki.data();
  const Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), &EVP_PKEY_free);
  bool right = false;
  switch (facts.type) {
    case KeyType::kRsa:
      right = VerifyMessage(key.get(), EVP_sha256(), challenge, signature);
      break;
    case KeyType::kEd25519:
      right = VerifyMessage(key.get(), nullptr, challenge, signature);
      break;
    default:
      right = VerifyEcdsa(key.get(), challenge, signature);
  }
  if (!right) {
    return std::unexpected(Error::Make(Code::kCheckValueWrong, "the private key does not belong to the public key"));
  }
  return {};
}

}  // namespace keyferry::cryptoki
