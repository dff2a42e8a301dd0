// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "targets/cryptoki/session.h"
#include "tests/integration/secrecy/raw_call.h"
#include "tests/integration/secrecy/scanner.h"

namespace keyferry::secrecy {

// What one attempt gave: `loot` says what the attacker holds now that he must not hold; empty: nothing.
struct Attempt {
  std::string name;
  CK_RV rv = CKR_OK;
  std::string loot;
};

// The owner of an agent's host: the token's PIN, the PKCS#11 library, every blob that ever came. Goes against keys
// through the C functions, and notes each attempt with what the token answered.
class Attacker {
 public:
  // `session`: logged in. `known`: the values of the keys that are attacked, so that a piece of one is recognised in
  // whatever a call answers. Makes keys of its own to wrap with.
  Attacker(cryptoki::Session& session, const Scanner& known);

  // Unwraps and, where the token does it, tries to take the key out. True where the token unwrapped.
  bool Unwrap(const std::string& name, const CK_MECHANISM& mechanism, CK_OBJECT_HANDLE kek, const Bytes& blob,
              RawTemplate attributes);
  // Against a key that may do nothing but unwrap (or verify, `may_verify`): every other use, every change, every copy.
  // Each that the token does is loot.
  void Misuse(const std::string& name, CK_OBJECT_HANDLE key, bool may_verify);
  // Against a key that may be used: every way to get it out.
  void TakeOut(const std::string& name, CK_OBJECT_HANDLE key) { Note(name, CKR_OK, Loot(key)); }
  // Wraps a key of his own under `kek`, by C_WrapKey and by each cipher.
  void WrapUnder(const std::string& name, CK_OBJECT_HANDLE kek);

  // A key of his own with a value of his choice; `more` is added.
  CK_OBJECT_HANDLE OwnKey(CK_KEY_TYPE type, const Bytes& value, RawTemplate more = {});
  CK_OBJECT_HANDLE own_kek() const { return own_kek_; }
  Bytes WrappedUnderOwn(CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key);  // by 0x210A

  const std::vector<Attempt>& attempts() const { return attempts_; }
  std::vector<Attempt> Loots() const;
  void Note(std::string name, CK_RV rv, std::string loot);

 private:
  const CK_FUNCTION_LIST& f() const { return session_->module().functions(); }
  CK_SESSION_HANDLE s() const { return session_->handle(); }

  std::string Loot(CK_OBJECT_HANDLE key);
  std::string ReadLoot(CK_OBJECT_HANDLE key) const;
  std::string FlagLoot(CK_OBJECT_HANDLE key) const;
  std::string WrapLoot(CK_OBJECT_HANDLE key) const;
  std::string SetLoot(CK_OBJECT_HANDLE key) const;
  std::string CopyLoot(CK_OBJECT_HANDLE key) const;
  std::string DeriveLoot(CK_OBJECT_HANDLE key);
  void MisuseByCipher(const std::string& name, CK_OBJECT_HANDLE key);
  void MisuseByMac(const std::string& name, CK_OBJECT_HANDLE key, bool may_verify);
  void MisuseByDerive(const std::string& name, CK_OBJECT_HANDLE key);
  void MisuseByChange(const std::string& name, CK_OBJECT_HANDLE key);

  cryptoki::Session* session_;
  const Scanner* known_;
  std::vector<Attempt> attempts_;
  CK_OBJECT_HANDLE own_kek_ = 0;
  CK_OBJECT_HANDLE own_rsa_ = 0;
};

}  // namespace keyferry::secrecy
