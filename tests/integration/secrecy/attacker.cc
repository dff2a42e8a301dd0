// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/attacker.h"

#include <array>
#include <cstdio>
#include <utility>

#include "targets/cryptoki/ckr.h"
#include "tests/integration/secrecy/weakenings.h"

namespace keyferry::secrecy {
namespace {

constexpr CK_ATTRIBUTE_TYPE kSecretValues[] = {CKA_VALUE,      CKA_PRIVATE_EXPONENT, CKA_PRIME_1,    CKA_PRIME_2,
                                               CKA_EXPONENT_1, CKA_EXPONENT_2,       CKA_COEFFICIENT};

RawTemplate AesTemplate(const Bytes& value) {
  RawTemplate key;
  key.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  return key.Set(CKA_VALUE, value);
}

}  // namespace

Attacker::Attacker(cryptoki::Session& session, const Scanner& known) : session_(&session), known_(&known) {
  RawTemplate more;
  for (const CK_ATTRIBUTE_TYPE usage : {CKA_WRAP, CKA_UNWRAP, CKA_ENCRYPT, CKA_DECRYPT}) more.Bool(usage, true);
  own_kek_ = OwnKey(CKK_AES, Bytes(32, 0x42), more);
  cryptoki::Template public_key;
  public_key.Bool(CKA_TOKEN, false).Bool(CKA_WRAP, true).Ulong(CKA_MODULUS_BITS, 2048);
  public_key.Octets(CKA_PUBLIC_EXPONENT, Bytes{1, 0, 1});
  cryptoki::Template private_key;
  private_key.Bool(CKA_TOKEN, false).Bool(CKA_DECRYPT, true);
  const auto pair = session.GenerateKeyPair(cryptoki::Mechanism::RsaKeyPairGen(), public_key, private_key);
  if (pair) own_rsa_ = pair->public_key;
}

CK_OBJECT_HANDLE Attacker::OwnKey(CK_KEY_TYPE type, const Bytes& value, RawTemplate more) {
  RawTemplate key = AesTemplate(value);
  key.Ulong(CKA_KEY_TYPE, type);
  std::vector<CK_ATTRIBUTE> native = key.Native();
  for (const CK_ATTRIBUTE& attribute : more.Native()) native.push_back(attribute);
  CK_OBJECT_HANDLE handle = 0;
  f().C_CreateObject(s(), native.data(), native.size(), &handle);
  return handle;
}

Bytes Attacker::WrappedUnderOwn(CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key) {
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
  Bytes blob(4096);
  CK_ULONG size = blob.size();
  if (f().C_WrapKey(s(), &mechanism, kek, key, blob.data(), &size) != CKR_OK) size = 0;
  blob.resize(size);
  return blob;
}

void Attacker::Note(std::string name, CK_RV rv, std::string loot) {
  std::printf("  %-7s %-32s %s%s%s\n", loot.empty() ? (rv == CKR_OK ? "nothing" : "refused") : "LOOT",
              cryptoki::CkrName(rv).c_str(), name.c_str(), loot.empty() ? "" : ": ", loot.c_str());
  attempts_.push_back({std::move(name), rv, std::move(loot)});
}

std::vector<Attempt> Attacker::Loots() const {
  std::vector<Attempt> loots;
  for (const Attempt& attempt : attempts_) {
    if (!attempt.loot.empty()) loots.push_back(attempt);
  }
  return loots;
}

bool Attacker::Unwrap(const std::string& name, const CK_MECHANISM& mechanism, CK_OBJECT_HANDLE kek, const Bytes& blob,
                      RawTemplate attributes) {
  CK_MECHANISM native = mechanism;
  Bytes wrapped = blob;
  std::vector<CK_ATTRIBUTE> list = attributes.Native();
  CK_OBJECT_HANDLE key = 0;
  const CK_RV rv = f().C_UnwrapKey(s(), &native, kek, wrapped.data(), wrapped.size(), list.data(), list.size(), &key);
  if (rv != CKR_OK) {
    Note(name, rv, "");
    return false;
  }
  Note(name, rv, Loot(key));
  f().C_DestroyObject(s(), key);
  return true;
}

// ---- a key that may be used: getting it out ----

std::string Attacker::Loot(CK_OBJECT_HANDLE key) {
  for (const auto way :
       {&Attacker::FlagLoot, &Attacker::ReadLoot, &Attacker::WrapLoot, &Attacker::SetLoot, &Attacker::CopyLoot}) {
    if (std::string loot = (this->*way)(key); !loot.empty()) return loot;
  }
  if (std::string loot = DeriveLoot(key); !loot.empty()) return loot;
  // Usage that was switched on meanwhile must not have opened a way either.
  if (std::string loot = WrapLoot(key); !loot.empty()) return loot + ", after usage was switched on";
  if (std::string loot = ReadLoot(key); !loot.empty()) return loot + ", after usage was switched on";
  return FlagLoot(key);
}

std::string Attacker::FlagLoot(CK_OBJECT_HANDLE key) const {
  const auto values = session_->GetAttributes(key, {CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_PRIVATE});
  if (!values) return "its attributes cannot be read: " + values.error().OneLine();
  if (values->Bool(CKA_SENSITIVE) != true) return "a key that is not CKA_SENSITIVE";
  if (values->Bool(CKA_EXTRACTABLE) != false) return "a key that is CKA_EXTRACTABLE";
  if (values->Bool(CKA_PRIVATE) != true) return "a key that is not CKA_PRIVATE";
  return "";
}

std::string Attacker::ReadLoot(CK_OBJECT_HANDLE key) const {
  for (const CK_ATTRIBUTE_TYPE type : kSecretValues) {
    Bytes value(8192);
    CK_ATTRIBUTE attribute{type, value.data(), value.size()};
    const CK_RV rv = f().C_GetAttributeValue(s(), key, &attribute, 1);
    if (rv == CKR_OK && attribute.ulValueLen > 0) return "the value of " + cryptoki::CkaName(type);
    // What a refusal left in the buffer.
    if (!known_->Scan("buffer", value).empty()) return "a piece of " + cryptoki::CkaName(type) + " after a refusal";
  }
  return "";
}

std::string Attacker::WrapLoot(CK_OBJECT_HANDLE key) const {
  for (const CK_OBJECT_HANDLE wrapper : {own_kek_, own_rsa_, key}) {
    for (const RawMechanism& mechanism : WrapMechanisms()) {
      CK_MECHANISM native = mechanism.native;
      Bytes out(8192);
      CK_ULONG size = out.size();
      if (f().C_WrapKey(s(), &native, wrapper, key, out.data(), &size) == CKR_OK) return "wrapped by " + mechanism.name;
      if (!known_->Scan("buffer", out).empty()) return "a piece after a refused wrap by " + mechanism.name;
    }
  }
  return "";
}

std::string Attacker::SetLoot(CK_OBJECT_HANDLE key) const {
  for (const Weakening& weakening : Weakenings()) {
    RawTemplate change = weakening.change;
    std::vector<CK_ATTRIBUTE> native = change.Native();
    if (f().C_SetAttributeValue(s(), key, native.data(), native.size()) != CKR_OK) continue;
    for (const std::string& loot : {FlagLoot(key), ReadLoot(key)}) {
      if (!loot.empty()) return loot + ", by setting " + weakening.name;
    }
  }
  return "";
}

std::string Attacker::CopyLoot(CK_OBJECT_HANDLE key) const {
  for (const Weakening& weakening : Weakenings()) {
    RawTemplate change = weakening.change;
    change.Bool(CKA_TOKEN, false);
    std::vector<CK_ATTRIBUTE> native = change.Native();
    CK_OBJECT_HANDLE copy = 0;
    if (f().C_CopyObject(s(), key, native.data(), native.size(), &copy) != CKR_OK) continue;
    const std::array<std::string, 4> loots = {FlagLoot(copy), ReadLoot(copy), SetLoot(copy), WrapLoot(copy)};
    f().C_DestroyObject(s(), copy);
    for (const std::string& loot : loots) {
      if (!loot.empty()) return loot + ", by a copy with " + weakening.name;
    }
  }
  return "";
}

std::string Attacker::DeriveLoot(CK_OBJECT_HANDLE key) {
  for (const RawMechanism& mechanism : DeriveMechanisms(own_kek_)) {
    for (const CK_ULONG size : {16UL, 32UL, 64UL}) {
      RawTemplate wanted;
      wanted.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
      wanted.Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true).Ulong(CKA_VALUE_LEN, size);
      std::vector<CK_ATTRIBUTE> native = wanted.Native();
      CK_MECHANISM by = mechanism.native;
      CK_OBJECT_HANDLE derived = 0;
      if (f().C_DeriveKey(s(), &by, key, native.data(), native.size(), &derived) != CKR_OK) continue;
      // What it derives is the attacker's to read; a piece of the key in it is not.
      Bytes value(256);
      CK_ATTRIBUTE attribute{CKA_VALUE, value.data(), value.size()};
      f().C_GetAttributeValue(s(), derived, &attribute, 1);
      f().C_DestroyObject(s(), derived);
      if (!known_->Scan("derived", value).empty()) return "a piece of the key derived by " + mechanism.name;
    }
  }
  return "";
}

}  // namespace keyferry::secrecy
