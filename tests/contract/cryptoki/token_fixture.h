// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "targets/cryptoki/token.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::cryptoki {

// A fresh token of one kind, logged in.
class TokenUnderTest {
 public:
  virtual ~TokenUnderTest() = default;
  static std::unique_ptr<TokenUnderTest> SoftHsm2();
  static std::unique_ptr<TokenUnderTest> Nss();

  virtual const std::string& directory() const = 0;
  virtual std::string module_path() const = 0;
  virtual std::string init_string() const = 0;
  virtual TokenUri uri() const = 0;
};

inline constexpr const char* kPin = "user-1234";

enum class Kind { kSoftHsm2, kNss };
std::string KindName(const testing::TestParamInfo<Kind>& info);

// Every test of this class runs on each kind of token; session() is logged in. The module is finalised when the test
// ends, never by static destructors.
class EveryToken : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;
  bool IsNss() const { return GetParam() == Kind::kNss; }
  Module& module() { return *module_; }
  Token& token() { return *token_; }
  Session& session() { return *session_; }
  const TokenUnderTest& under_test() const { return *under_test_; }
  // Session object, AES, not sensitive, all usages given.
  CK_OBJECT_HANDLE CreateKey(CK_KEY_TYPE type, ByteView value, Template more = {});

 private:
  std::unique_ptr<TokenUnderTest> under_test_;
  std::unique_ptr<Module> module_;
  std::optional<Token> token_;
  std::optional<Session> session_;
};

}  // namespace keyferry::cryptoki
