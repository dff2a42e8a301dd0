// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/uri.h"

#include <gtest/gtest.h>

namespace keyferry::cryptoki {
namespace {

TEST(TokenUri, ReadsEveryPart) {
  const auto uri = TokenUri::Parse(
      "pkcs11:token=pay%20ments;serial=12ab;manufacturer=SoftHSM%20project;model=SoftHSM%20v2?module-path=/usr/lib/"
      "x.so");
  ASSERT_TRUE(uri) << uri.error().OneLine();
  EXPECT_EQ(uri->label, "pay ments");
  EXPECT_EQ(uri->serial, "12ab");
  EXPECT_EQ(uri->manufacturer, "SoftHSM project");
  EXPECT_EQ(uri->model, "SoftHSM v2");
  EXPECT_EQ(uri->module_path, "/usr/lib/x.so");
}

TEST(TokenUri, SurvivesFormatting) {
  for (const char* text : {"pkcs11:", "pkcs11:token=a%3Bb%3D", "pkcs11:token=T%C3%BCr;serial=1",
                           "pkcs11:model=m;manufacturer=n?module-path=%2Fa%20b%2Fc.so"}) {
    const auto uri = TokenUri::Parse(text);
    ASSERT_TRUE(uri) << text << ": " << uri.error().OneLine();
    const auto again = TokenUri::Parse(uri->Format());
    ASSERT_TRUE(again) << uri->Format() << ": " << again.error().OneLine();
    EXPECT_EQ(*uri, *again) << text;
  }
}

TEST(ObjectUri, ReadsLabelIdAndType) {
  const auto plain = ObjectUri::Parse("pkcs11:token=kms;object=key%2F1;id=%00%ff%41;type=secret-key");
  ASSERT_TRUE(plain) << plain.error().OneLine();
  EXPECT_EQ(plain->token.label, "kms");
  EXPECT_EQ(plain->label, "key/1");
  EXPECT_EQ(plain->id, (Bytes{0, 0xff, 0x41}));
  EXPECT_EQ(plain->object_class, CKO_SECRET_KEY);
  const auto again = ObjectUri::Parse(plain->Format());
  ASSERT_TRUE(again) << plain->Format() << ": " << again.error().OneLine();
  EXPECT_EQ(*plain, *again);
}

TEST(ObjectUri, KnowsTheTypes) {
  const std::pair<const char*, CK_OBJECT_CLASS> kTypes[] = {{"cert", CKO_CERTIFICATE},
                                                            {"data", CKO_DATA},
                                                            {"private", CKO_PRIVATE_KEY},
                                                            {"public", CKO_PUBLIC_KEY},
                                                            {"secret-key", CKO_SECRET_KEY}};
  for (const auto& [name, value] : kTypes) {
    const auto uri = ObjectUri::Parse(std::string("pkcs11:object=x;type=") + name);
    ASSERT_TRUE(uri) << name;
    EXPECT_EQ(uri->object_class, value) << name;
  }
  EXPECT_FALSE(ObjectUri::Parse("pkcs11:object=x;type=banana"));
  EXPECT_FALSE(ObjectUri::Parse("pkcs11:token=x"));
}

struct Refusal {
  const char* text;
  const char* names;  // what the message must name
};

class TokenUriRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(TokenUriRefuses, AndNamesThePart) {
  const auto uri = TokenUri::Parse(GetParam().text);
  ASSERT_FALSE(uri) << GetParam().text;
  EXPECT_EQ(uri.error().code(), Code::kUriInvalid);
  EXPECT_NE(uri.error().what().find(GetParam().names), std::string::npos) << uri.error().what();
}

INSTANTIATE_TEST_SUITE_P(
    All, TokenUriRefuses,
    testing::Values(
        Refusal{"", "pkcs11:"}, Refusal{"PKCS12:token=a", "PKCS12"},
        Refusal{"pkcs11:token=a;pin-value=1234", "pin-value"}, Refusal{"pkcs11:token=a?pin-value=1234", "pin-value"},
        Refusal{"pkcs11:token=a?pin-source=|rm%20x", "may only stand"},
        Refusal{"pkcs11:token=a?pin-source=file:/x", "pin-source"}, Refusal{"pkcs11:slot-id=1", "slot-id"},
        Refusal{"pkcs11:library-version=3.4", "library-version"}, Refusal{"pkcs11:tokne=a", "tokne"},
        Refusal{"pkcs11:token=a;token=b", "token"}, Refusal{"pkcs11:token=", "token"}, Refusal{"pkcs11:token", "token"},
        Refusal{"pkcs11:token=a;", ""}, Refusal{"pkcs11:token=a?module-name=b", "module-name"},
        Refusal{"pkcs11:token=a b", "may only stand"}, Refusal{"pkcs11:token=%4", "%4"},
        Refusal{"pkcs11:token=%00", "%00"}, Refusal{"pkcs11:token=%zz", "%zz"},
        Refusal{"pkcs11:token=123456789012345678901234567890123", "pkcs11"}, Refusal{"pkcs11:object=a", "object"}));

}  // namespace
}  // namespace keyferry::cryptoki
