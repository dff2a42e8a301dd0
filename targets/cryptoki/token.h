// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>

#include "protocol/base/secret.h"
#include "targets/cryptoki/module.h"
#include "targets/cryptoki/session.h"
#include "targets/cryptoki/uri.h"

namespace keyferry::cryptoki {

// CK_TOKEN_INFO, without its padding.
struct TokenInfo {
  std::string label;
  std::string serial;
  std::string manufacturer;
  std::string model;
  CK_FLAGS flags = 0;

  bool Matches(const TokenUri& uri) const;
  // The URI that finds this token again: label, serial, manufacturer, model.
  TokenUri Uri() const;
};

// What the token says about its user PIN. All false where it keeps no count (SoftHSM2, NSS).
struct PinState {
  CK_FLAGS flags = 0;      // CK_TOKEN_INFO.flags, all of them
  bool count_low = false;  // at least one wrong PIN since the last right one
  bool final_try = false;  // one more wrong PIN locks it
  bool locked = false;
  bool initialized = true;
};

// A token in a slot, and the login to it: login belongs to the token, never to a session. Moves, never copies; the
// module must outlive it, and it must outlive its sessions. Logs out and closes when it goes.
class Token {
 public:
  // Over all slots with tokens. Code::kTokenMissing lists the tokens that were seen, kTokenAmbiguous those that fit.
  static Result<Token> Find(const Module& module, const TokenUri& uri);
  ~Token();
  Token(Token&& other) noexcept;
  Token& operator=(Token&& other) noexcept;
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  // As read when it was found.
  const TokenInfo& info() const { return info_; }
  CK_SLOT_ID slot() const { return slot_; }
  const Module& module() const { return *module_; }

  // Asks the token anew. Whether a login may be tried at all is the caller's decision.
  Result<PinState> ReadPinState() const;

  // C_Login as the user, tried once: credential.* for a refused PIN. Success where it is logged in already. The login
  // lasts as long as this object, whatever sessions come and go.
  Status Login(const Secret& pin);
  // The same for the security officer. Wants that no read-only session is open.
  Status LoginSecurityOfficer(const Secret& pin);
  Status Logout();
  bool logged_in() const { return logged_in_; }
  // C_SetPIN for whoever is logged in.
  Status ChangePin(const Secret& old_pin, const Secret& new_pin);

  // A read/write session.
  Result<Session> OpenSession() const;

 private:
  Token(const Module& module, CK_SLOT_ID slot, TokenInfo info)
      : module_(&module), slot_(slot), info_(std::move(info)) {}
  Status LoginAs(CK_USER_TYPE user, const Secret& pin);
  void Release();

  const Module* module_;
  CK_SLOT_ID slot_;
  TokenInfo info_;
  std::optional<Session> keeper_;  // open while logged in, since closing the last session logs out
  bool logged_in_ = false;
};

// "token 'payments' (serial 12ab)", for messages.
std::string Describe(const TokenInfo& info);

}  // namespace keyferry::cryptoki
