// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/item.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>

#include "protocol/base/crypto.h"

namespace keyferry {
namespace {

template <typename T>
using Named = std::pair<T, std::string_view>;

constexpr Named<Operation> kOperations[] = {{Operation::kInstall, "install"},
                                            {Operation::kUpdate, "update"},
                                            {Operation::kDelete, "delete"},
                                            {Operation::kRollback, "rollback"}};
constexpr Named<ObjectClass> kClasses[] = {{ObjectClass::kSecretKey, "secret-key"},
                                           {ObjectClass::kPrivateKey, "private-key"},
                                           {ObjectClass::kPublicKey, "public-key"},
                                           {ObjectClass::kCertificate, "certificate"}};
constexpr Named<KeyType> kKeyTypes[] = {{KeyType::kAes, "aes"},         {KeyType::kGenericSecret, "generic-secret"},
                                        {KeyType::kRsa, "rsa"},         {KeyType::kEc, "ec"},
                                        {KeyType::kEd25519, "ed25519"}, {KeyType::kX509, "x509"}};
constexpr Named<WrapMethod> kWraps[] = {
    {WrapMethod::kNone, "none"}, {WrapMethod::kAesKwp, "aes-kwp"}, {WrapMethod::kAesKw, "aes-kw"}};
constexpr Named<CheckMethod> kChecks[] = {{CheckMethod::kNone, "none"},
                                          {CheckMethod::kEcb0, "ecb0-3"},
                                          {CheckMethod::kCmac, "cmac-5"},
                                          {CheckMethod::kHmac, "hmac-8"},
                                          {CheckMethod::kPublicKey, "public-key"}};
constexpr Named<std::uint32_t> kUsages[] = {
    {usage::kEncrypt, "encrypt"}, {usage::kDecrypt, "decrypt"}, {usage::kSign, "sign"},    {usage::kVerify, "verify"},
    {usage::kDerive, "derive"},   {usage::kWrap, "wrap"},       {usage::kUnwrap, "unwrap"}};

template <typename T, std::size_t N>
std::string_view NameIn(const Named<T> (&names)[N], T value) {
  const auto* found = std::ranges::find(names, value, &Named<T>::first);
  return found == std::end(names) ? "unknown" : found->second;
}

template <typename T, std::size_t N>
Result<T> ValueIn(const Named<T> (&names)[N], std::string_view what, std::string_view name) {
  const auto* found = std::ranges::find(names, name, &Named<T>::second);
  if (found != std::end(names)) return found->first;
  std::string message = std::string(what) + " '" + Printable(name) + "' is not known; known are";
  for (const auto& known : names) message += " " + std::string(known.second);
  return std::unexpected(Error::Make(Code::kItemInvalid, std::move(message)));
}

constexpr std::uint32_t kLeastSecretBits = 112;  // SP 800-131A revision 2, section 10
constexpr std::uint32_t kMostSecretBits = 4096;

bool IsOneOf(std::uint32_t value, std::initializer_list<std::uint32_t> allowed) {
  for (const std::uint32_t one : allowed) {
    if (value == one) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view Name(Operation value) { return NameIn(kOperations, value); }
std::string_view Name(ObjectClass value) { return NameIn(kClasses, value); }
std::string_view Name(KeyType value) { return NameIn(kKeyTypes, value); }
std::string_view Name(WrapMethod value) { return NameIn(kWraps, value); }
std::string_view Name(CheckMethod value) { return NameIn(kChecks, value); }

std::string UsageNames(std::uint32_t bits) {
  std::string names;
  for (const auto& [bit, name] : kUsages) {
    if ((bits & bit) == 0) continue;
    if (!names.empty()) names += ',';
    names += name;
  }
  return names;
}

Result<Operation> OperationFromName(std::string_view name) { return ValueIn(kOperations, "operation", name); }
Result<ObjectClass> ObjectClassFromName(std::string_view name) { return ValueIn(kClasses, "object class", name); }
Result<KeyType> KeyTypeFromName(std::string_view name) { return ValueIn(kKeyTypes, "key type", name); }

Result<std::uint32_t> UsageFromNames(std::string_view comma_separated) {
  std::uint32_t bits = 0;
  while (!comma_separated.empty()) {
    const auto comma = comma_separated.find(',');
    KF_TRY(const std::uint32_t bit, ValueIn(kUsages, "usage", comma_separated.substr(0, comma)));
    bits |= bit;
    comma_separated = comma == std::string_view::npos ? std::string_view() : comma_separated.substr(comma + 1);
  }
  return bits;
}

std::uint32_t AllowedUsage(ObjectClass object_class, KeyType type) {
  switch (object_class) {
    case ObjectClass::kSecretKey:
      return type == KeyType::kAes ? usage::kEncrypt | usage::kDecrypt | usage::kSign | usage::kVerify | usage::kDerive
                                   : usage::kSign | usage::kVerify | usage::kDerive;
    case ObjectClass::kPrivateKey:
      return type == KeyType::kRsa  ? usage::kSign | usage::kDecrypt
             : type == KeyType::kEc ? usage::kSign | usage::kDerive
                                    : usage::kSign;
    case ObjectClass::kPublicKey:
      return type == KeyType::kRsa ? usage::kVerify | usage::kEncrypt : usage::kVerify;
    case ObjectClass::kCertificate:
      return 0;
  }
  return 0;
}

bool IsKeySize(KeyType type, std::uint32_t bits) {
  switch (type) {
    case KeyType::kAes:
      return IsOneOf(bits, {128, 192, 256});
    case KeyType::kGenericSecret:
      return bits % 8 == 0 && bits >= kLeastSecretBits && bits <= kMostSecretBits;
    case KeyType::kRsa:
      return bits % 256 == 0 && bits >= 2048 && bits <= 4096;
    case KeyType::kEc:
      return IsOneOf(bits, {256, 384, 521});
    case KeyType::kEd25519:
      return bits == 256;
    case KeyType::kX509:
      return bits == 0;
  }
  return false;
}

Id16 IdOfKey(ByteView public_key) {
  const Digest digest = Sha256(public_key);
  Id16 id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Result<Id16> Id16FromBytes(ByteView bytes) {
  Id16 id;
  if (bytes.size() != id.size()) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "an identifier must have 16 octets"));
  }
  std::ranges::copy(bytes, id.begin());
  return id;
}

Result<Id16> Id16FromHex(std::string_view text) {
  KF_TRY(const Bytes bytes, HexDecode(text));
  return Id16FromBytes(bytes);
}

}  // namespace keyferry
