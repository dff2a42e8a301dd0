// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Against keys that may do one thing only: whatever else the token does with them is loot.

#include <utility>

#include "tests/integration/secrecy/attacker.h"
#include "tests/integration/secrecy/weakenings.h"

namespace keyferry::secrecy {
namespace {

const char* LootIf(CK_RV rv, const char* loot) { return rv == CKR_OK ? loot : ""; }

}  // namespace

void Attacker::Misuse(const std::string& name, CK_OBJECT_HANDLE key, bool may_verify) {
  Note(name + ": read its value", CKR_OK, ReadLoot(key));
  Note(name + ": wrap it under a key of one's own", CKR_OK, WrapLoot(key));
  WrapUnder(name, key);
  MisuseByCipher(name, key);
  MisuseByMac(name, key, may_verify);
  MisuseByDerive(name, key);
  MisuseByChange(name, key);
}

void Attacker::WrapUnder(const std::string& name, CK_OBJECT_HANDLE kek) {
  RawTemplate extractable;
  extractable.Bool(CKA_EXTRACTABLE, true);
  const CK_OBJECT_HANDLE own = OwnKey(CKK_AES, Bytes(32, 0x17), extractable);
  for (const RawMechanism& mechanism : WrapMechanisms()) {
    CK_MECHANISM native = mechanism.native;
    Bytes out(4096);
    CK_ULONG size = out.size();
    const CK_RV rv = f().C_WrapKey(s(), &native, kek, own, out.data(), &size);
    Note(name + ": C_WrapKey of one's own key, " + mechanism.name, rv, LootIf(rv, "a blob of one's own"));
  }
  f().C_DestroyObject(s(), own);
}

void Attacker::MisuseByCipher(const std::string& name, CK_OBJECT_HANDLE key) {
  for (const RawMechanism& mechanism : CipherMechanisms()) {
    CK_MECHANISM native = mechanism.native;
    Bytes in(32);
    Bytes out(256);
    CK_ULONG size = out.size();
    CK_RV rv = f().C_EncryptInit(s(), &native, key);
    Note(name + ": C_Encrypt, " + mechanism.name, rv, LootIf(rv, "it encrypts"));
    if (rv == CKR_OK) f().C_Encrypt(s(), in.data(), in.size(), out.data(), &size);
    rv = f().C_DecryptInit(s(), &native, key);
    Note(name + ": C_Decrypt, " + mechanism.name, rv, LootIf(rv, "it decrypts"));
    size = out.size();
    if (rv == CKR_OK) f().C_Decrypt(s(), in.data(), in.size(), out.data(), &size);
  }
}

void Attacker::MisuseByMac(const std::string& name, CK_OBJECT_HANDLE key, bool may_verify) {
  for (const RawMechanism& mechanism : MacMechanisms()) {
    CK_MECHANISM native = mechanism.native;
    Bytes in(32);
    Bytes out(64);
    CK_ULONG size = out.size();
    CK_RV rv = f().C_SignInit(s(), &native, key);
    Note(name + ": C_Sign, " + mechanism.name, rv, LootIf(rv, "it makes MACs"));
    if (rv == CKR_OK) f().C_Sign(s(), in.data(), in.size(), out.data(), &size);
    if (may_verify && mechanism.native.mechanism == CKM_SHA256_HMAC) continue;
    rv = f().C_VerifyInit(s(), &native, key);
    Note(name + ": C_Verify, " + mechanism.name, rv, LootIf(rv, "it verifies"));
    if (rv == CKR_OK) f().C_Verify(s(), in.data(), in.size(), out.data(), size);
  }
}

void Attacker::MisuseByDerive(const std::string& name, CK_OBJECT_HANDLE key) {
  for (const RawMechanism& mechanism : DeriveMechanisms(own_kek_)) {
    RawTemplate wanted;
    wanted.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
    wanted.Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true).Ulong(CKA_VALUE_LEN, 32);
    std::vector<CK_ATTRIBUTE> native = wanted.Native();
    CK_MECHANISM by = mechanism.native;
    CK_OBJECT_HANDLE derived = 0;
    const CK_RV rv = f().C_DeriveKey(s(), &by, key, native.data(), native.size(), &derived);
    Note(name + ": C_DeriveKey, " + mechanism.name, rv, LootIf(rv, "it derives"));
    if (rv == CKR_OK) f().C_DestroyObject(s(), derived);
  }
}

void Attacker::MisuseByChange(const std::string& name, CK_OBJECT_HANDLE key) {
  for (const Weakening& weakening : Weakenings()) {
    RawTemplate change = weakening.change;
    std::vector<CK_ATTRIBUTE> native = change.Native();
    CK_RV rv = f().C_SetAttributeValue(s(), key, native.data(), native.size());
    Note(name + ": set " + weakening.name, rv, LootIf(rv, "a weaker key"));
    for (const bool token : {false, true}) {
      RawTemplate of_copy = weakening.change;
      of_copy.Bool(CKA_TOKEN, token);
      native = of_copy.Native();
      CK_OBJECT_HANDLE copy = 0;
      rv = f().C_CopyObject(s(), key, native.data(), native.size(), &copy);
      Note(name + ": copy to a " + (token ? "token" : "session") + " object with " + weakening.name, rv,
           LootIf(rv, "a copy"));
      if (rv == CKR_OK) f().C_DestroyObject(s(), copy);
    }
  }
}

}  // namespace keyferry::secrecy
