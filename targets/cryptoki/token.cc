// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/token.h"

#include <utility>
#include <vector>

namespace keyferry::cryptoki {
namespace {

Result<TokenInfo> ReadInfo(const Module& module, CK_SLOT_ID slot) {
  CK_TOKEN_INFO raw{};
  KF_CHECK(CheckRv(module.functions().C_GetTokenInfo(slot, &raw), "C_GetTokenInfo", "asking a token for its name"));
  return TokenInfo{Unpadded(raw.label), Unpadded(raw.serialNumber), Unpadded(raw.manufacturerID), Unpadded(raw.model),
                   raw.flags};
}

bool Fits(const std::string& wanted, const std::string& seen) { return wanted.empty() || wanted == seen; }

std::string ListOf(const std::vector<TokenInfo>& tokens) {
  std::string text;
  for (const TokenInfo& token : tokens) {
    text += (text.empty() ? "" : ", ") + Describe(token);
  }
  return text.empty() ? "no token at all" : text;
}

}  // namespace

bool TokenInfo::Matches(const TokenUri& uri) const {
  return Fits(uri.label, label) && Fits(uri.serial, serial) && Fits(uri.manufacturer, manufacturer) &&
         Fits(uri.model, model);
}

TokenUri TokenInfo::Uri() const { return {label, serial, manufacturer, model, {}}; }

std::string Describe(const TokenInfo& info) {
  return "token '" + Printable(info.label) + "' (serial " + Printable(info.serial) + ")";
}

Result<Token> Token::Find(const Module& module, const TokenUri& uri) {
  KF_TRY(const auto slots, module.SlotsWithTokens());
  std::vector<TokenInfo> seen;
  std::vector<TokenInfo> fit;
  CK_SLOT_ID where = 0;
  for (const CK_SLOT_ID slot : slots) {
    auto info = ReadInfo(module, slot);
    // A token that was pulled out since, or one that is broken, must not hide the others.
    if (!info || (info->flags & CKF_TOKEN_INITIALIZED) == 0) {
      continue;
    }
    if (info->Matches(uri)) {
      where = slot;
      fit.push_back(*info);
    }
    seen.push_back(std::move(*info));
  }
  const std::string place = " in '" + Printable(module.path()) + "'";
  if (fit.empty()) {
    return std::unexpected(
        Error::Caused(Code::kTokenMissing, "no token fits " + uri.Format() + place, "there is " + ListOf(seen)));
  }
  if (fit.size() > 1) {
    return std::unexpected(
        Error::Caused(Code::kTokenAmbiguous, "more than one token fits " + uri.Format() + place, ListOf(fit)));
  }
  return Token(module, where, std::move(fit.front()));
}

Token::~Token() { Release(); }

Token::Token(Token&& other) noexcept
    : module_(other.module_),
      slot_(other.slot_),
      info_(std::move(other.info_)),
      keeper_(std::move(other.keeper_)),
      logged_in_(std::exchange(other.logged_in_, false)) {
  other.keeper_.reset();
}

Token& Token::operator=(Token&& other) noexcept {
  if (this != &other) {
    Release();
    module_ = other.module_;
    slot_ = other.slot_;
    info_ = std::move(other.info_);
    keeper_ = std::move(other.keeper_);
    other.keeper_.reset();
    logged_in_ = std::exchange(other.logged_in_, false);
  }
  return *this;
}

void Token::Release() { static_cast<void>(Logout()); }

Result<PinState> Token::ReadPinState() const {
  KF_TRY(const TokenInfo now, ReadInfo(*module_, slot_));
  PinState state;
  state.flags = now.flags;
  state.count_low = (now.flags & CKF_USER_PIN_COUNT_LOW) != 0;
  state.final_try = (now.flags & CKF_USER_PIN_FINAL_TRY) != 0;
  state.locked = (now.flags & CKF_USER_PIN_LOCKED) != 0;
  state.initialized = (now.flags & CKF_USER_PIN_INITIALIZED) != 0;
  return state;
}

Status Token::Login(const Secret& pin) { return LoginAs(CKU_USER, pin); }

Status Token::LoginSecurityOfficer(const Secret& pin) { return LoginAs(CKU_SO, pin); }

Status Token::LoginAs(CK_USER_TYPE user, const Secret& pin) {
  if (logged_in_) {
    return {};
  }
  KF_TRY(Session session, OpenSession());
  // PKCS#11 does not write to the PIN; its functions only lack the const.
  auto* raw = const_cast<unsigned char*>(pin.Expose().data());
  const CK_RV rv = module_->functions().C_Login(session.handle(), user, raw, pin.size());
  if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN) {
    return std::unexpected(CkrError(rv, "C_Login", "logging in to " + Describe(info_)));
  }
  keeper_ = std::move(session);
  logged_in_ = true;
  return {};
}

Status Token::Logout() {
  if (!logged_in_) {
    return {};
  }
  logged_in_ = false;
  const CK_RV rv = module_->functions().C_Logout(keeper_->handle());
  keeper_.reset();
  return CheckRv(rv, "C_Logout", "logging out of " + Describe(info_));
}

Status Token::ChangePin(const Secret& old_pin, const Secret& new_pin) {
  if (!logged_in_) {
    return std::unexpected(CkrError(CKR_USER_NOT_LOGGED_IN, "C_SetPIN", "changing the PIN of " + Describe(info_)));
  }
  auto* before = const_cast<unsigned char*>(old_pin.Expose().data());
  auto* after = const_cast<unsigned char*>(new_pin.Expose().data());
  return CheckRv(module_->functions().C_SetPIN(keeper_->handle(), before, old_pin.size(), after, new_pin.size()),
                 "C_SetPIN", "changing the PIN of " + Describe(info_));
}

Result<Session> Token::OpenSession() const {
  CK_SESSION_HANDLE handle = 0;
  KF_CHECK(
      CheckRv(module_->functions().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle),
              "C_OpenSession", "opening a session with " + Describe(info_)));
  return Session(*module_, handle);
}

}  // namespace keyferry::cryptoki
