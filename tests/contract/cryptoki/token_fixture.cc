// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/contract/cryptoki/token_fixture.h"

namespace keyferry::cryptoki {
namespace {

class SoftHsm2UnderTest : public TokenUnderTest {
 public:
  SoftHsm2UnderTest() { store_.AddToken("payments", kPin); }
  const std::string& directory() const override { return store_.directory(); }
  std::string module_path() const override { return store_.module(); }
  std::string init_string() const override { return ""; }
  TokenUri uri() const override { return *TokenUri::Parse(fakes::SoftHsm2Store::UriOf("payments")); }

 private:
  fakes::SoftHsm2Store store_;
};

class NssUnderTest : public TokenUnderTest {
 public:
  NssUnderTest() : database_(kPin) {}
  const std::string& directory() const override { return database_.directory(); }
  std::string module_path() const override { return database_.module(); }
  std::string init_string() const override { return database_.init_string(); }
  TokenUri uri() const override { return *TokenUri::Parse(fakes::NssDatabase::Uri()); }

 private:
  fakes::NssDatabase database_;
};

}  // namespace

std::unique_ptr<TokenUnderTest> TokenUnderTest::SoftHsm2() { return std::make_unique<SoftHsm2UnderTest>(); }
std::unique_ptr<TokenUnderTest> TokenUnderTest::Nss() { return std::make_unique<NssUnderTest>(); }

std::string KindName(const testing::TestParamInfo<Kind>& info) { return info.param == Kind::kNss ? "Nss" : "SoftHsm2"; }

void EveryToken::SetUp() {
  under_test_ = IsNss() ? TokenUnderTest::Nss() : TokenUnderTest::SoftHsm2();
  auto module = Module::Load(under_test_->module_path(), under_test_->init_string());
  ASSERT_TRUE(module) << module.error().OneLine();
  module_ = std::move(*module);
  auto token = Token::Find(*module_, under_test_->uri());
  ASSERT_TRUE(token) << token.error().OneLine();
  token_.emplace(std::move(*token));
  const Status login = token_->Login(fakes::TestSecret(kPin));
  ASSERT_TRUE(login) << login.error().OneLine();
  auto session = token_->OpenSession();
  ASSERT_TRUE(session) << session.error().OneLine();
  session_.emplace(std::move(*session));
}

CK_OBJECT_HANDLE EveryToken::CreateKey(CK_KEY_TYPE type, ByteView value, Template more) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  attributes.Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true).Octets(CKA_VALUE, value);
  attributes.Bool(CKA_ENCRYPT, true).Bool(CKA_DECRYPT, true).Bool(CKA_SIGN, true).Bool(CKA_VERIFY, true);
  attributes.Bool(CKA_WRAP, true).Bool(CKA_UNWRAP, true).Bool(CKA_DERIVE, false);
  attributes.Merge(std::move(more));
  const auto key = session().CreateObject(attributes);
  EXPECT_TRUE(key) << key.error().OneLine();
  return key.value_or(0);
}

}  // namespace keyferry::cryptoki
