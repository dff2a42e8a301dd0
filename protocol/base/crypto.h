// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"

namespace keyferry {

using Digest = std::array<std::uint8_t, 32>;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

// Must be called once, first thing in main: initialises libsodium. Aborts where the system has no randomness.
void InitCrypto();

// FIPS 180-4.
Digest Sha256(ByteView data);
Digest Sha256(std::initializer_list<ByteView> parts);
Bytes RandomBytes(std::size_t size);
// The same for what must not be seen.
Result<Secret> RandomSecret(std::size_t size);
// Takes the same time wherever the octets differ; false where the sizes differ.
bool ConstantTimeEqual(ByteView a, ByteView b);

// RFC 8032 Ed25519. Owns the private key in locked memory.
class Ed25519KeyPair {
 public:
  static Result<Ed25519KeyPair> Generate();
  // `seed`: 32 octets, RFC 8032 section 5.1.5. Code::kEncodingInvalid for another size.
  static Result<Ed25519KeyPair> FromSeed(const Secret& seed);

  const Ed25519PublicKey& public_key() const { return public_; }
  Ed25519Signature Sign(std::initializer_list<ByteView> parts) const;
  Result<Secret> Seed() const;

 private:
  Ed25519KeyPair() = default;
  Secret secret_;
  Ed25519PublicKey public_{};
};

// Over the concatenation of `parts`. Rejects non-canonical and small-order values as libsodium does.
bool Ed25519Verify(const Ed25519PublicKey& key, std::initializer_list<ByteView> parts, ByteView signature);

// ECDSA on P-256 with SHA-256 (FIPS 186-5). `spki`: DER SubjectPublicKeyInfo (RFC 5480); `signature`: r ‖ s, 64 octets,
// as PKCS#11 CKM_ECDSA gives it. False for anything that does not parse.
bool EcdsaP256Verify(ByteView spki, const Digest& digest, ByteView signature);

}  // namespace keyferry
