// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"

namespace keyferry {

// The vocabulary of a delivery, shared by the wire, the targets, the ledger and the sender. Numbers are those of the
// wire (protocol/wire/bundle.proto) and never change.

enum class Operation : std::uint8_t { kInstall = 1, kUpdate = 2, kDelete = 3, kRollback = 4 };
enum class ObjectClass : std::uint8_t { kSecretKey = 1, kPrivateKey = 2, kPublicKey = 3, kCertificate = 4 };
// kX509 goes with kCertificate only.
enum class KeyType : std::uint8_t { kAes = 1, kGenericSecret = 2, kRsa = 3, kEc = 4, kEd25519 = 5, kX509 = 6 };
// RFC 5649 and RFC 3394 (NIST SP 800-38F KWP and KW).
enum class WrapMethod : std::uint8_t { kNone = 0, kAesKwp = 1, kAesKw = 2 };

// How a key is compared on both sides without being seen.
enum class CheckMethod : std::uint8_t {
  kNone = 0,
  kEcb0 = 1,       // "ecb0-3": first 3 octets of AES-ECB of a zero block
  kCmac = 2,       // "cmac-5": first 5 octets of AES-CMAC of a zero block
  kHmac = 3,       // "hmac-8": first 8 octets of HMAC-SHA-256 of 16 zero octets
  kPublicKey = 4,  // SHA-256 of the DER SubjectPublicKeyInfo that the private key was seen to belong to
};

// Usage bits of a key (PKCS#11 CKA_ENCRYPT …). Every bit that a class has is sent to the token, true or false.
namespace usage {
inline constexpr std::uint32_t kEncrypt = 1;
inline constexpr std::uint32_t kDecrypt = 2;
inline constexpr std::uint32_t kSign = 4;
inline constexpr std::uint32_t kVerify = 8;
inline constexpr std::uint32_t kDerive = 16;
inline constexpr std::uint32_t kWrap = 32;    // refused in the first version
inline constexpr std::uint32_t kUnwrap = 64;  // refused in the first version
}  // namespace usage

// What may be asked about one object. Fields that an operation does not use are empty.
struct Item {
  Operation operation = Operation::kInstall;
  std::string target;  // a target of the domain's settings, "hsm" by default
  ObjectClass object_class = ObjectClass::kSecretKey;
  KeyType key_type = KeyType::kAes;
  // AES and generic secret: bits of the key; RSA: of the modulus; EC: of the curve (256, 384, 521); Ed25519: 256; X509:
  // 0.
  std::uint32_t key_bits = 0;
  std::string label;  // CKA_LABEL, UTF-8; with target and class the name by which an object is addressed
  Bytes id;           // CKA_ID of this version, 1 to 32 octets; every version has its own (install, update)
  Bytes expected_id;  // CKA_ID of the version that must be current (update, delete, rollback)
  std::uint32_t usage = 0;
  UnixSeconds not_before = 0;  // CKA_START_DATE; 0: none. Whole days (UTC) count
  UnixSeconds not_after = 0;   // CKA_END_DATE; 0: none
  WrapMethod wrap = WrapMethod::kNone;
  Bytes wrapped_key;  // secret keys: the wrapped key octets; private keys: the wrapped PKCS#8 PrivateKeyInfo
  CheckMethod check_method = CheckMethod::kNone;
  Bytes check_value;
  Bytes public_key;   // DER SubjectPublicKeyInfo: of private keys (to compare with) and public keys (to install)
  Bytes certificate;  // DER X.509 (RFC 5280)
};

std::string_view Name(Operation value);    // "install", "update", "delete", "rollback"
std::string_view Name(ObjectClass value);  // "secret-key", "private-key", "public-key", "certificate"
std::string_view Name(KeyType value);      // "aes", "generic-secret", "rsa", "ec", "ed25519", "x509"
std::string_view Name(WrapMethod value);   // "none", "aes-kwp", "aes-kw"
std::string_view Name(CheckMethod value);  // "none", "ecb0-3", "cmac-5", "hmac-8", "public-key"
// "encrypt,decrypt", in the order of the bits; "" for none.
std::string UsageNames(std::uint32_t bits);
// The usages that a key of this class and type may be given.
std::uint32_t AllowedUsage(ObjectClass object_class, KeyType type);
// Whether keys of this type are delivered in this size; X509: 0.
bool IsKeySize(KeyType type, std::uint32_t bits);
// The inverses: Code::kItemInvalid names the text and lists what is known.
Result<ObjectClass> ObjectClassFromName(std::string_view name);
Result<KeyType> KeyTypeFromName(std::string_view name);
Result<Operation> OperationFromName(std::string_view name);
Result<std::uint32_t> UsageFromNames(std::string_view comma_separated);

// Identifiers: the first 16 octets of SHA-256 of an Ed25519 public key (agent, signer), or 16 random octets (domain).
using Id16 = std::array<std::uint8_t, 16>;
Id16 IdOfKey(ByteView public_key);
Result<Id16> Id16FromBytes(ByteView bytes);
Result<Id16> Id16FromHex(std::string_view text);

}  // namespace keyferry
