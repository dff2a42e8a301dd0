// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/item.h"
#include "protocol/base/secret.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/token.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::fakes {

enum class TokenKind { kSoftHsm2, kNss };
std::string Name(TokenKind kind);  // "SoftHSM2", "NSS"; fit for names of tests

enum class TestKek { kAes, kMac, kPrivate, kSealIn };

// The octets of a test KEK: public, the same in every token.
Secret TestKekValue(TestKek kek);
// Its CKA_ID.
Bytes TestKekId(TestKek kek);

// A fresh software token, logged in, that holds root keys with known values and the attributes that a ceremony gives
// them (as far as the token takes them). The KMS's side is TestKekValue and WrapForTest. One of a kind at a time in a
// process. Aborts the test program where something fails.
class KekToken {
 public:
  explicit KekToken(TokenKind kind);
  KekToken(const KekToken&) = delete;
  KekToken& operator=(const KekToken&) = delete;

  TokenKind kind() const { return kind_; }
  const cryptoki::TokenProfile& profile() const { return profile_; }
  const cryptoki::Module& module() const { return *module_; }
  cryptoki::Token& token() { return *token_; }
  cryptoki::Session& session() { return *session_; }
  static std::string pin() { return "1234567890"; }
  std::string module_path() const;
  std::string init_string() const;
  std::string uri() const;
  // Holds the token's files.
  const std::string& directory() const;

  // A new session in place of the old one.
  void ReplaceSession();
  // C_Finalize, C_Initialize, login: every handle of before is void.
  void Restart();

 private:
  void LoginAndOpen();
  void ImportKek(TestKek kek);

  TokenKind kind_;
  std::optional<SoftHsm2Store> softhsm_;
  std::optional<NssDatabase> nss_;
  std::unique_ptr<cryptoki::Module> module_;
  std::optional<cryptoki::Token> token_;
  std::optional<cryptoki::Session> session_;
  cryptoki::TokenProfile profile_;
};

// Wraps as the KMS's HSM does.
Bytes WrapForTest(TestKek kek, const Secret& key, WrapMethod method = WrapMethod::kAesKwp);

}  // namespace keyferry::fakes
