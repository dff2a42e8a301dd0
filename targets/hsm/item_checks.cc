// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/item_checks.h"

#include <string>

namespace keyferry::hsm {
namespace {

constexpr std::size_t kMostIdOctets = 32;
constexpr std::size_t kMostLabelOctets = 128;
constexpr std::string_view kOwnLabels = "keyferry ";
constexpr std::size_t kKwOverhead = 8;  // both RFC 3394 and RFC 5649: one block in front

std::unexpected<Error> Refuse(Code code, const Item& item, const std::string& why) {
  return std::unexpected(
      Error::Make(code, std::string(Name(item.object_class)) + " '" + Printable(item.label) + "': " + why));
}

bool TypeFits(ObjectClass object_class, KeyType type) {
  switch (object_class) {
    case ObjectClass::kSecretKey:
      return type == KeyType::kAes || type == KeyType::kGenericSecret;
    case ObjectClass::kPrivateKey:
    case ObjectClass::kPublicKey:
      return type == KeyType::kRsa || type == KeyType::kEc || type == KeyType::kEd25519;
    case ObjectClass::kCertificate:
      return type == KeyType::kX509;
  }
  return false;
}

// Octets that a PKCS#8 PrivateKeyInfo of such a key may have. RSA (RFC 8017 A.1.2) holds 4.5 times the modulus and
// headers; EC (RFC 5915) one to three times the field and headers.
bool PrivateKeyFits(const Item& item, std::size_t most) {
  const std::size_t octets = (item.key_bits + 7) / 8;
  const std::size_t low = item.key_type == KeyType::kRsa ? octets * 4 : octets;
  const std::size_t high = item.key_type == KeyType::kRsa ? octets * 5 + 256 : octets * 4 + 128;
  return most >= low && most <= high + 7;
}

Status CheckWrappedLength(const Item& item) {
  const std::size_t wrapped = item.wrapped_key.size();
  const std::size_t least = item.wrap == WrapMethod::kAesKw ? 24 : 16;
  if (wrapped < least || wrapped % 8 != 0) {
    return Refuse(Code::kItemLength, item,
                  std::to_string(wrapped) + " wrapped octets are none that " + std::string(Name(item.wrap)) + " gives");
  }
  const std::size_t most = wrapped - kKwOverhead;
  if (item.object_class == ObjectClass::kPrivateKey) {
    return PrivateKeyFits(item, most) ? Status()
                                      : Refuse(Code::kItemLength, item,
                                               std::to_string(wrapped) + " wrapped octets hold no private key of " +
                                                   std::to_string(item.key_bits) + " bits");
  }
  const std::size_t octets = item.key_bits / 8;
  const bool fits = item.wrap == WrapMethod::kAesKw ? most == octets : most == (octets + 7) / 8 * 8;
  return fits ? Status()
              : Refuse(Code::kItemLength, item,
                       std::to_string(wrapped) + " wrapped octets do not hold a key of " +
                           std::to_string(item.key_bits) + " bits");
}

Status CheckCheckMethod(const Item& item) {
  bool fits = item.check_method == CheckMethod::kNone;
  std::size_t size = 0;
  switch (item.check_method) {
    case CheckMethod::kNone:
      break;
    case CheckMethod::kEcb0:
      fits = item.key_type == KeyType::kAes;
      size = 3;
      break;
    case CheckMethod::kCmac:
      fits = item.key_type == KeyType::kAes;
      size = 5;
      break;
    case CheckMethod::kHmac:
      fits = item.key_type == KeyType::kGenericSecret;
      size = 8;
      break;
    case CheckMethod::kPublicKey:
      fits = item.object_class == ObjectClass::kPrivateKey || item.object_class == ObjectClass::kPublicKey;
      size = 32;
      break;
  }
  if (!fits) {
    return Refuse(Code::kItemInvalid, item,
                  "check value '" + std::string(Name(item.check_method)) + "' does not go with this type of key");
  }
  if (item.check_value.size() != size) {
    return Refuse(Code::kItemInvalid, item,
                  "a check value '" + std::string(Name(item.check_method)) + "' has " + std::to_string(size) +
                      " octets, not " + std::to_string(item.check_value.size()));
  }
  return {};
}

Status CheckUsage(const Item& item) {
  const std::uint32_t refused = item.usage & ~AllowedUsage(item.object_class, item.key_type);
  if (refused != 0) {
    const std::string names = UsageNames(refused);
    return Refuse(Code::kItemUsage, item,
                  "usage '" + (names.empty() ? "unknown" : names) + "' is not for " + std::string(Name(item.key_type)) +
                      " in this class");
  }
  return {};
}

Status CheckSupported(const Item& item, const cryptoki::TokenProfile& profile) {
  if (item.object_class != ObjectClass::kPrivateKey) {
    return {};
  }
  const bool can = item.key_type == KeyType::kRsa  ? profile.rsa_private
                   : item.key_type == KeyType::kEc ? profile.ec_private
                                                   : profile.ed25519_private;
  return can ? Status()
             : Refuse(Code::kKeyTypeUnsupported, item,
                      "this token does not take private keys of type " + std::string(Name(item.key_type)) +
                          " by C_UnwrapKey");
}

Status CheckContent(const Item& item, const cryptoki::TokenProfile& profile) {
  if (item.object_class == ObjectClass::kCertificate) {
    return item.certificate.empty() ? Refuse(Code::kItemInvalid, item, "there is no certificate in it") : Status();
  }
  if (item.object_class != ObjectClass::kSecretKey && item.public_key.empty()) {
    return Refuse(Code::kItemInvalid, item, "its public key is missing");
  }
  if (item.object_class == ObjectClass::kPublicKey) {
    return {};
  }
  if (item.wrap == WrapMethod::kNone) {
    return Refuse(Code::kItemInvalid, item, "it does not say how the key is wrapped");
  }
  KF_CHECK(profile.WrapMechanism(item.wrap));
  return CheckWrappedLength(item);
}

Status CheckName(const Item& item) {
  if (item.label.empty() || item.label.size() > kMostLabelOctets) {
    return Refuse(Code::kItemInvalid, item, "a label has 1 to 128 octets");
  }
  if (item.label.starts_with(kOwnLabels)) {
    return Refuse(Code::kItemForeign, item, "labels that begin with 'keyferry ' are kept for the domain's own keys");
  }
  const bool makes = item.operation == Operation::kInstall || item.operation == Operation::kUpdate;
  if (makes && (item.id.empty() || item.id.size() > kMostIdOctets)) {
    return Refuse(Code::kItemInvalid, item, "a version's id (CKA_ID) has 1 to 32 octets");
  }
  if (item.operation != Operation::kInstall && item.expected_id.empty()) {
    return Refuse(Code::kItemInvalid, item, "the version that must be current is not named");
  }
  return {};
}

}  // namespace

Status CheckItem(const Item& item, const cryptoki::TokenProfile& profile) {
  KF_CHECK(CheckName(item));
  if (item.operation == Operation::kDelete || item.operation == Operation::kRollback) {
    return {};
  }
  if (!TypeFits(item.object_class, item.key_type)) {
    return Refuse(Code::kItemInvalid, item, "type " + std::string(Name(item.key_type)) + " is not of this class");
  }
  if (!IsKeySize(item.key_type, item.key_bits)) {
    return Refuse(Code::kItemLength, item,
                  std::to_string(item.key_bits) + " bits are no length of " + std::string(Name(item.key_type)) +
                      " that is installed");
  }
  if (item.not_after != 0 && item.not_after < item.not_before) {
    return Refuse(Code::kItemInvalid, item, "it ends before it begins");
  }
  KF_CHECK(CheckUsage(item));
  KF_CHECK(CheckCheckMethod(item));
  KF_CHECK(CheckSupported(item, profile));
  return CheckContent(item, profile);
}

}  // namespace keyferry::hsm
