// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/key_material.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

Json CheckCase(CheckMethod method, const char* what, const Bytes& key) {
  Json json = Json::EmptyObject();
  json.Set("method", Name(method)).Set("check_method", static_cast<int>(method)).Set("of", what);
  return json.Set("octets", HexEncode(key)).Set("check_value", HexEncode(CheckValue(method, key)));
}

Json WrapCase(const char* what, WrapMethod method, KeyType type, ObjectClass object_class, const Bytes& key) {
  const Bytes kek = RootKey(type, object_class);
  Json json = Json::EmptyObject();
  json.Set("of", what).Set("method", Name(method)).Set("wrap", static_cast<int>(method));
  json.Set("object_class", static_cast<int>(object_class)).Set("key_type", static_cast<int>(type));
  json.Set("root_key", HexEncode(kek)).Set("key", HexEncode(key));
  return json.Set("wrapped_key", HexEncode(Wrap(method, kek, key)));
}

}  // namespace

Json CheckValueVectors() {
  Json cases = Json::EmptyArray();
  for (const std::size_t octets : {16U, 24U, 32U}) {
    for (const CheckMethod method : {CheckMethod::kEcb0, CheckMethod::kCmac}) {
      cases.Add(CheckCase(method, "AES key", Ascending(0xA0, octets)));
    }
  }
  for (const std::size_t octets : {14U, 20U, 32U, 100U}) {
    cases.Add(CheckCase(CheckMethod::kHmac, "generic secret", Ascending(0xC0, octets)));
  }
  cases.Add(CheckCase(CheckMethod::kPublicKey, "SubjectPublicKeyInfo, P-256", EcPublicKey()));
  cases.Add(CheckCase(CheckMethod::kPublicKey, "SubjectPublicKeyInfo, Ed25519", Ed25519PublicKeyInfo()));
  Json json = Json::EmptyObject();
  json.Set("about", "Check values: PROTOCOL.md, Check values.");
  return json.Set("cases", std::move(cases));
}

Json WrapVectors() {
  constexpr auto kSecret = ObjectClass::kSecretKey;
  constexpr auto kPrivate = ObjectClass::kPrivateKey;
  Json cases = Json::EmptyArray();
  for (const WrapMethod method : {WrapMethod::kAesKwp, WrapMethod::kAesKw}) {
    for (const std::size_t octets : {16U, 24U, 32U}) {
      cases.Add(WrapCase("AES key", method, KeyType::kAes, kSecret, Ascending(0xA0, octets)));
    }
    cases.Add(WrapCase("generic secret", method, KeyType::kGenericSecret, kSecret, Ascending(0xC0, 32)));
  }
  cases.Add(WrapCase("generic secret", WrapMethod::kAesKwp, KeyType::kGenericSecret, kSecret, Ascending(0xC0, 20)));
  cases.Add(WrapCase("PKCS#8, P-256", WrapMethod::kAesKwp, KeyType::kEc, kPrivate, EcPrivateKey()));
  cases.Add(WrapCase("PKCS#8, Ed25519", WrapMethod::kAesKwp, KeyType::kEd25519, kPrivate, Ed25519PrivateKey()));
  Json json = Json::EmptyObject();
  json.Set("about", "Wrapped keys: PROTOCOL.md, Wrap formats. root_key is the root key of the class, in clear.");
  return json.Set("cases", std::move(cases));
}

}  // namespace keyferry::golden
