// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/token_copy.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "protocol/base/file.h"
#include "targets/cryptoki/token.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::cryptoki {
namespace {

class TokenCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.AddToken("copied", "123456");
    auto module = Module::Load(store_.module());
    ASSERT_TRUE(module) << module.error().OneLine();
    const auto token = Token::Find(**module, *TokenUri::Parse("pkcs11:token=copied"));
    ASSERT_TRUE(token) << token.error().OneLine();
    info_ = token->info();
    ASSERT_TRUE(FindTokenObject(info_.model, info_.serial));
  }
  Status LogIn(const char* pin = "123456") {
    KF_TRY(const auto module, Module::Load(store_.module()));
    KF_TRY(auto token, Token::Find(*module, *TokenUri::Parse("pkcs11:token=copied")));
    return token.Login(fakes::TestSecret(pin));
  }
  void Empty() { std::filesystem::resize_file(*FindTokenObject(info_.model, info_.serial), 0); }

  fakes::SoftHsm2Store store_;
  fakes::TempDir directory_;
  std::string copy_ = directory_.path() + "/token.object";
  TokenInfo info_;
};

TEST_F(TokenCopyTest, MendsATokenThatAKillDuringLoginEmptied) {
  ASSERT_TRUE(*StoreTokenCopy(info_.model, info_.serial, copy_));
  Empty();
  EXPECT_FALSE(LogIn());
  EXPECT_TRUE(*PutBackTokenCopy(info_.model, info_.serial, copy_));
  const Status after = LogIn();
  EXPECT_TRUE(after) << after.error().OneLine();
}

TEST_F(TokenCopyTest, LeavesATokenAloneThatIsNotEmpty) {
  ASSERT_TRUE(*StoreTokenCopy(info_.model, info_.serial, copy_));
  const auto before = ReadFile(*FindTokenObject(info_.model, info_.serial), 1 << 20);
  EXPECT_FALSE(*PutBackTokenCopy(info_.model, info_.serial, copy_));
  EXPECT_EQ(*ReadFile(*FindTokenObject(info_.model, info_.serial), 1 << 20), *before);
}

TEST_F(TokenCopyTest, NeverCopiesAnEmptyFileOverAGoodCopy) {
  ASSERT_TRUE(*StoreTokenCopy(info_.model, info_.serial, copy_));
  Empty();
  EXPECT_FALSE(StoreTokenCopy(info_.model, info_.serial, copy_));
  EXPECT_GT(std::filesystem::file_size(copy_), 0U);
}

TEST_F(TokenCopyTest, FollowsAPinThatWasChanged) {
  EXPECT_FALSE(*RenewTokenCopy(info_.model, info_.serial, copy_)) << "there is no copy to renew";
  ASSERT_TRUE(*StoreTokenCopy(info_.model, info_.serial, copy_));
  EXPECT_FALSE(*RenewTokenCopy(info_.model, info_.serial, copy_)) << "nothing changed";
  {
    const auto module = Module::Load(store_.module());
    auto token = Token::Find(**module, *TokenUri::Parse("pkcs11:token=copied"));
    ASSERT_TRUE(token->Login(fakes::TestSecret("123456")));
    ASSERT_TRUE(token->ChangePin(fakes::TestSecret("123456"), fakes::TestSecret("654321")));
  }
  EXPECT_TRUE(*RenewTokenCopy(info_.model, info_.serial, copy_));
  Empty();
  EXPECT_FALSE(*RenewTokenCopy(info_.model, info_.serial, copy_)) << "never an empty one";
  EXPECT_TRUE(*PutBackTokenCopy(info_.model, info_.serial, copy_));
  EXPECT_FALSE(LogIn()) << "the PIN of before";
  EXPECT_TRUE(LogIn("654321"));
}

TEST_F(TokenCopyTest, ReadsTheConfigurationAsSoftHsmDoes) {
  const std::string conf = "# directories.tokendir = /nowhere\n\n  directories.tokendir=" + store_.directory() +
                           "/tokens # here\nlog.level = ERROR\n";
  ASSERT_TRUE(WriteDurably(store_.conf(), AsBytes(conf), 0600));
  EXPECT_TRUE(FindTokenObject(info_.model, info_.serial));
}

TEST_F(TokenCopyTest, DoesNothingWithoutACopyOrForAnotherTokenOrModule) {
  Empty();
  EXPECT_FALSE(*PutBackTokenCopy(info_.model, info_.serial, copy_));
  EXPECT_FALSE(FindTokenObject(info_.model, "0123456789abcdef"));
  EXPECT_FALSE(FindTokenObject("NSS 3", info_.serial));
  EXPECT_FALSE(FindTokenObject(info_.model, ""));
  EXPECT_FALSE(*StoreTokenCopy("NSS 3", info_.serial, copy_));
}

}  // namespace
}  // namespace keyferry::cryptoki
