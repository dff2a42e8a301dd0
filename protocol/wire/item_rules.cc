// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/item_rules.h"

#include <algorithm>
#include <string>

#include "protocol/wire/limits.h"
#include "protocol/wire/proto_fields.h"

namespace keyferry::wire {
namespace {

constexpr std::uint32_t kKnownUsage =
    usage::kEncrypt | usage::kDecrypt | usage::kSign | usage::kVerify | usage::kDerive | usage::kWrap | usage::kUnwrap;

// C0, DEL and C1 (Unicode category Cc).
bool HasControl(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto octet = static_cast<std::uint8_t>(text[at]);
    if (octet < 0x20 || octet == 0x7f) return true;
    if (octet == 0xc2 && at + 1 < text.size() && static_cast<std::uint8_t>(text[at + 1]) < 0xa0) return true;
  }
  return false;
}

bool MakesVersion(const Item& item) {
  return item.operation == Operation::kInstall || item.operation == Operation::kUpdate;
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

bool BitsFit(KeyType type, std::uint32_t bits) {
  switch (type) {
    case KeyType::kAes:
      return bits == 128 || bits == 192 || bits == 256;
    case KeyType::kGenericSecret:
      return bits >= 8 && bits <= 4096 && bits % 8 == 0;
    case KeyType::kRsa:
      return bits >= 2048 && bits <= 4096 && bits % 8 == 0;
    case KeyType::kEc:
      return bits == 256 || bits == 384 || bits == 521;
    case KeyType::kEd25519:
      return bits == 256;
    case KeyType::kX509:
      return bits == 0;
  }
  return false;
}

// 0: the method is not for such an object.
std::size_t CheckValueBytes(const Item& item) {
  switch (item.check_method) {
    case CheckMethod::kEcb0:
      return item.key_type == KeyType::kAes ? 3 : 0;
    case CheckMethod::kCmac:
      return item.key_type == KeyType::kAes ? 5 : 0;
    case CheckMethod::kHmac:
      return item.key_type == KeyType::kGenericSecret ? 8 : 0;
    case CheckMethod::kPublicKey:
      return item.object_class == ObjectClass::kPrivateKey || item.object_class == ObjectClass::kPublicKey ? 32 : 0;
    case CheckMethod::kNone:
      return 0;
  }
  return 0;
}

Status CheckSizes(const Item& item) {
  KF_CHECK(CheckSize(item.id.size(), limits::kIdBytes, "id"));
  KF_CHECK(CheckSize(item.expected_id.size(), limits::kIdBytes, "expected_id"));
  KF_CHECK(CheckSize(item.wrapped_key.size(), limits::kWrappedKeyBytes, "wrapped_key"));
  KF_CHECK(CheckSize(item.check_value.size(), limits::kCheckValueBytes, "check_value"));
  KF_CHECK(CheckSize(item.public_key.size(), limits::kPublicKeyBytes, "public_key"));
  return CheckSize(item.certificate.size(), limits::kCertificateBytes, "certificate");
}

Status CheckAddress(const Item& item) {
  KF_CHECK(CheckText(item.target, limits::kNameBytes, "target"));
  KF_CHECK(CheckText(item.label, limits::kLabelBytes, "label"));
  if (Name(item.operation) == "unknown") return Malformed("operation is missing");
  if (!TypeFits(item.object_class, item.key_type)) return Malformed("key_type is not of this object_class");
  return {};
}

Status CheckVersions(const Item& item) {
  if (MakesVersion(item) == item.id.empty()) {
    return Malformed(item.id.empty() ? "id is missing" : "id is not for this operation");
  }
  if ((item.operation == Operation::kInstall) != item.expected_id.empty()) {
    return Malformed(item.expected_id.empty() ? "expected_id is missing" : "expected_id is not for this operation");
  }
  if (item.id == item.expected_id) return Malformed("every version has an id of its own");
  return {};
}

Status CheckBare(const Item& item) {
  const bool bare = item.key_bits == 0 && item.usage == 0 && item.not_before == 0 && item.not_after == 0 &&
                    item.wrap == WrapMethod::kNone && item.wrapped_key.empty() &&
                    item.check_method == CheckMethod::kNone && item.check_value.empty() && item.public_key.empty() &&
                    item.certificate.empty();
  return bare ? Status() : Malformed("fields are set that this operation does not use");
}

Status CheckKeyMaterial(const Item& item) {
  const bool wrapped = item.object_class == ObjectClass::kSecretKey || item.object_class == ObjectClass::kPrivateKey;
  const bool public_half =
      item.object_class == ObjectClass::kPrivateKey || item.object_class == ObjectClass::kPublicKey;
  if (wrapped != (item.wrap != WrapMethod::kNone)) return Malformed("wrap is missing, or not for this object_class");
  if (wrapped == item.wrapped_key.empty()) return Malformed("wrapped_key is missing, or not for this object_class");
  if (public_half == item.public_key.empty()) return Malformed("public_key is missing, or not for this object_class");
  if ((item.object_class == ObjectClass::kCertificate) == item.certificate.empty()) {
    return Malformed("certificate is missing, or not for this object_class");
  }
  return {};
}

Status CheckCheckValue(const Item& item) {
  const bool wrapped = item.object_class == ObjectClass::kSecretKey || item.object_class == ObjectClass::kPrivateKey;
  if (item.check_method == CheckMethod::kNone) {
    if (wrapped) return Malformed("check_method is missing");
    return item.check_value.empty() ? Status() : Malformed("check_value without check_method");
  }
  const std::size_t bytes = CheckValueBytes(item);
  if (bytes == 0) return Malformed("check_method is not for this object_class and key_type");
  if (item.check_value.size() != bytes) {
    return Malformed("check_value has " + std::to_string(item.check_value.size()) + " octets, not " +
                     std::to_string(bytes));
  }
  return {};
}

Status CheckContent(const Item& item) {
  if (!BitsFit(item.key_type, item.key_bits)) return Malformed("key_bits is no length of this key_type");
  if ((item.usage & ~kKnownUsage) != 0) return Malformed("usage has bits that are not known");
  if (item.object_class == ObjectClass::kCertificate && item.usage != 0) return Malformed("a certificate has no usage");
  KF_CHECK(CheckTime(item.not_before, true, "not_before"));
  KF_CHECK(CheckTime(item.not_after, true, "not_after"));
  if (item.not_after != 0 && item.not_after < item.not_before) return Malformed("not_after is before not_before");
  KF_CHECK(CheckKeyMaterial(item));
  return CheckCheckValue(item);
}

}  // namespace

Status CheckText(std::string_view text, std::size_t most, std::string_view name) {
  if (text.empty()) return Malformed(std::string(name) + " is missing");
  KF_CHECK(CheckSize(text.size(), most, name));
  if (!IsUtf8(text) || HasControl(text)) {
    return Malformed(std::string(name) + " is not UTF-8 without control characters");
  }
  return {};
}

Status CheckItem(const Item& item) {
  KF_CHECK(CheckSizes(item));
  KF_CHECK(CheckAddress(item));
  KF_CHECK(CheckVersions(item));
  return MakesVersion(item) ? CheckContent(item) : CheckBare(item);
}

}  // namespace keyferry::wire
