// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/token.h"

#include "tests/contract/cryptoki/token_fixture.h"

namespace keyferry::cryptoki {
namespace {

using TokenContract = EveryToken;
INSTANTIATE_TEST_SUITE_P(All, TokenContract, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

TEST_P(TokenContract, IsFoundByItsOwnUri) {
  const auto again = Token::Find(module(), token().info().Uri());
  ASSERT_TRUE(again) << again.error().OneLine();
  EXPECT_EQ(again->slot(), token().slot());
}

TEST_P(TokenContract, NamesWhatIsThereWhenNothingFits) {
  const auto missing = Token::Find(module(), *TokenUri::Parse("pkcs11:token=nowhere"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kTokenMissing);
  EXPECT_NE(missing.error().OneLine().find(token().info().label), std::string::npos) << missing.error().OneLine();
  EXPECT_NE(missing.error().OneLine().find("nowhere"), std::string::npos) << missing.error().OneLine();
}

TEST_P(TokenContract, LoginOutlivesSessions) {
  {
    const auto other = token().OpenSession();
  }
  const auto objects = session().FindObjects(std::move(Template().Bool(CKA_PRIVATE, true)));
  EXPECT_TRUE(objects) << objects.error().OneLine();
  Token moved = std::move(token());
  EXPECT_TRUE(moved.logged_in());
  EXPECT_TRUE(moved.Login(fakes::TestSecret("never tried")));
  token() = std::move(moved);
}

TEST_P(TokenContract, RefusesAWrongPinOnce) {
  ASSERT_TRUE(token().Logout());
  const Status wrong = token().Login(fakes::TestSecret("wrong-pin"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kPinWrong) << wrong.error().OneLine();
  EXPECT_EQ(RvOf(wrong.error()), CKR_PIN_INCORRECT);
  EXPECT_FALSE(token().logged_in());
  const auto state = token().ReadPinState();
  ASSERT_TRUE(state) << state.error().OneLine();
  EXPECT_FALSE(state->locked);
  EXPECT_TRUE(state->initialized);
  EXPECT_TRUE(token().Login(fakes::TestSecret(kPin)));
}

TEST_P(TokenContract, ChangesThePin) {
  const Status changed = token().ChangePin(fakes::TestSecret(kPin), fakes::TestSecret("another-5678"));
  ASSERT_TRUE(changed) << changed.error().OneLine();
  ASSERT_TRUE(token().Logout());
  EXPECT_FALSE(token().Login(fakes::TestSecret(kPin)));
  EXPECT_TRUE(token().Login(fakes::TestSecret("another-5678")));
}

TEST(SoftHsm2Tokens, AreTakenApartBySerial) {
  fakes::SoftHsm2Store store;
  store.AddToken("twin", kPin);
  store.AddToken("twin", kPin);
  store.AddToken("other", kPin);
  const auto module = Module::Load(store.module());
  ASSERT_TRUE(module) << module.error().OneLine();
  const auto ambiguous = Token::Find(**module, *TokenUri::Parse("pkcs11:token=twin"));
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(ambiguous.error().code(), Code::kTokenAmbiguous);
  const auto other = Token::Find(**module, *TokenUri::Parse("pkcs11:token=other"));
  ASSERT_TRUE(other) << other.error().OneLine();
  TokenUri by_serial;
  by_serial.serial = other->info().serial;
  EXPECT_TRUE(Token::Find(**module, by_serial));
}

}  // namespace
}  // namespace keyferry::cryptoki
