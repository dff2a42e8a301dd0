// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/module.h"

#include "targets/cryptoki/ckr.h"
#include "tests/contract/cryptoki/token_fixture.h"

namespace keyferry::cryptoki {
namespace {

using ModuleContract = EveryToken;
INSTANTIATE_TEST_SUITE_P(All, ModuleContract, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

TEST_P(ModuleContract, DescribesItself) {
  EXPECT_NE(module().Description().find(IsNss() ? "NSS" : "SoftHSM"), std::string::npos);
}

TEST_P(ModuleContract, TellsMechanisms) {
  const auto known = module().MechanismInfo(token().slot(), CKM_AES_ECB);
  ASSERT_TRUE(known) << known.error().OneLine();
  ASSERT_TRUE(known->has_value());
  EXPECT_NE((*known)->flags & CKF_ENCRYPT, 0U);
  const auto unknown = module().MechanismInfo(token().slot(), 0x7ffffff0);
  ASSERT_TRUE(unknown) << unknown.error().OneLine();
  EXPECT_FALSE(unknown->has_value());
}

TEST(Module, SaysWhyItCannotBeLoaded) {
  const auto missing = Module::Load("/nonexistent/libpkcs11.so");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kModuleUnloadable);
  EXPECT_NE(missing.error().OneLine().find("/nonexistent/libpkcs11.so"), std::string::npos);
  EXPECT_EQ(Module::Load("libpkcs11.so").error().code(), Code::kModuleUnloadable);
  EXPECT_EQ(Module::Load("/lib/x86_64-linux-gnu/libc.so.6").error().code(), Code::kModuleUnloadable);
}

TEST(Module, StartsAgainAfterReinitialize) {
  for (const bool nss : {false, true}) {
    const auto under_test = nss ? TokenUnderTest::Nss() : TokenUnderTest::SoftHsm2();
    auto module = Module::Load(under_test->module_path(), under_test->init_string());
    ASSERT_TRUE(module) << module.error().OneLine();
    for (int round = 0; round < 3; ++round) {
      {
        auto token = Token::Find(**module, under_test->uri());
        ASSERT_TRUE(token) << token.error().OneLine();
        ASSERT_TRUE(token->Login(fakes::TestSecret(kPin)));
        ASSERT_TRUE(token->OpenSession());
      }
      const Status again = (*module)->Reinitialize();
      ASSERT_TRUE(again) << again.error().OneLine();
    }
  }
}

TEST(Module, RefusesASecondLoadOfOneLibrary) {
  const auto under_test = TokenUnderTest::SoftHsm2();
  const auto first = Module::Load(under_test->module_path());
  ASSERT_TRUE(first);
  const auto second = Module::Load(under_test->module_path());
  ASSERT_FALSE(second);
  EXPECT_EQ(RvOf(second.error()), CKR_CRYPTOKI_ALREADY_INITIALIZED);
  EXPECT_TRUE((*first)->SlotsWithTokens());
}

}  // namespace
}  // namespace keyferry::cryptoki
