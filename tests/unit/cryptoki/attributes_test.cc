// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/attributes.h"

#include <gtest/gtest.h>

#include <cstring>

#include "targets/cryptoki/mechanism.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::cryptoki {
namespace {

const CK_ATTRIBUTE* Find(const Template& attributes, CK_ATTRIBUTE_TYPE type) {
  for (CK_ULONG i = 0; i < attributes.size(); ++i) {
    if (attributes.data()[i].type == type) {
      return &attributes.data()[i];
    }
  }
  return nullptr;
}

Bytes OctetsOf(const Template& attributes, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* attribute = Find(attributes, type);
  if (attribute == nullptr) {
    return {0xde, 0xad};
  }
  const auto* at = static_cast<const std::uint8_t*>(attribute->pValue);
  return at == nullptr ? Bytes() : Bytes(at, at + attribute->ulValueLen);
}

TEST(Template, HoldsEveryKindOfValueAndKeepsItWhenMoved) {
  const CK_MECHANISM_TYPE mechanisms[] = {CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP};
  Template first;
  first.Bool(CKA_TOKEN, true).Ulong(CKA_CLASS, CKO_SECRET_KEY).Text(CKA_LABEL, "name").Octets(CKA_ID, Bytes{});
  first.Mechanisms(CKA_ALLOWED_MECHANISMS, mechanisms).Date(CKA_START_DATE, 1767225600);
  first.SecretValue(CKA_VALUE, fakes::TestSecret("sixteen octets!!"));
  first.Nested(CKA_UNWRAP_TEMPLATE, std::move(Template().Bool(CKA_SENSITIVE, true)));
  const Template moved = std::move(first);
  EXPECT_EQ(moved.size(), 8U);
  EXPECT_EQ(OctetsOf(moved, CKA_TOKEN), Bytes{1});
  EXPECT_EQ(OctetsOf(moved, CKA_CLASS).size(), sizeof(CK_ULONG));
  EXPECT_EQ(AsText(OctetsOf(moved, CKA_LABEL)), "name");
  EXPECT_EQ(OctetsOf(moved, CKA_ID), Bytes{});
  EXPECT_EQ(AsText(OctetsOf(moved, CKA_START_DATE)), "20260101");
  EXPECT_EQ(AsText(OctetsOf(moved, CKA_VALUE)), "sixteen octets!!");
  EXPECT_EQ(std::memcmp(OctetsOf(moved, CKA_ALLOWED_MECHANISMS).data(), mechanisms, sizeof mechanisms), 0);
  const CK_ATTRIBUTE* outer = Find(moved, CKA_UNWRAP_TEMPLATE);
  ASSERT_NE(outer, nullptr);
  ASSERT_EQ(outer->ulValueLen, sizeof(CK_ATTRIBUTE));
  const auto* inner = static_cast<const CK_ATTRIBUTE*>(outer->pValue);
  EXPECT_EQ(inner->type, CKA_SENSITIVE);
  EXPECT_EQ(*static_cast<const CK_BBOOL*>(inner->pValue), 1);
}

TEST(Template, ReplacesMergesAndRemoves) {
  Template base;
  base.Bool(CKA_SIGN, true).Bool(CKA_SIGN, false).Text(CKA_LABEL, "old");
  Template more;
  more.Text(CKA_LABEL, "new").Bool(CKA_VERIFY, true);
  base.Merge(std::move(more)).Remove(CKA_VERIFY).Remove(CKA_WRAP);
  EXPECT_EQ(base.size(), 2U);
  EXPECT_EQ(OctetsOf(base, CKA_SIGN), Bytes{0});
  EXPECT_EQ(AsText(OctetsOf(base, CKA_LABEL)), "new");
  EXPECT_FALSE(base.Has(CKA_VERIFY));
}

TEST(Template, KeepsModifiableLast) {
  Template attributes;
  attributes.Bool(CKA_MODIFIABLE, false).Bool(CKA_SIGN, true).Text(CKA_LABEL, "x");
  EXPECT_EQ(attributes.data()[2].type, CKA_MODIFIABLE);
  EXPECT_EQ(OctetsOf(attributes, CKA_MODIFIABLE), Bytes{0});
  EXPECT_EQ(OctetsOf(attributes, CKA_SIGN), Bytes{1});
  EXPECT_EQ(AsText(OctetsOf(attributes, CKA_LABEL)), "x");
}

TEST(AttributeValues, GivesNothingForWhatIsMissingOrOfAnotherSize) {
  AttributeValues values;
  values.Put(CKA_TOKEN, Bytes{1});
  values.Put(CKA_CLASS, Bytes{1, 2});
  const CK_ULONG unknown = CK_UNAVAILABLE_INFORMATION;
  Bytes raw(sizeof unknown);
  std::memcpy(raw.data(), &unknown, sizeof unknown);
  values.Put(CKA_MODULUS_BITS, raw);
  EXPECT_EQ(values.Bool(CKA_TOKEN), true);
  EXPECT_EQ(values.Ulong(CKA_CLASS), std::nullopt);
  EXPECT_EQ(values.Ulong(CKA_MODULUS_BITS), std::nullopt);
  EXPECT_EQ(values.Bool(CKA_PRIVATE), std::nullopt);
  EXPECT_EQ(values.Octets(CKA_ID), std::nullopt);
}

TEST(AttributeValues, ReadsDates) {
  AttributeValues values;
  const auto date = [&values](std::string_view text) {
    const ByteView octets = AsBytes(text);
    values.Put(CKA_START_DATE, Bytes(octets.begin(), octets.end()));
    return values.Date(CKA_START_DATE);
  };
  EXPECT_EQ(date("20260101"), 1767225600);
  EXPECT_EQ(date("20240229"), 1709164800);
  EXPECT_EQ(date(""), 0);
  EXPECT_EQ(date("00000000"), 0);
  EXPECT_EQ(date("20250229"), std::nullopt);
  EXPECT_EQ(date("2025x101"), std::nullopt);
  EXPECT_EQ(AsText(DateOctets(1709164800 + 86399)), "20240229");
  EXPECT_TRUE(DateOctets(0).empty());
}

TEST(Mechanism, HandsItsParametersOver) {
  const Mechanism oaep = Mechanism::RsaOaep(OaepHash::kSha256, OaepHash::kSha1, AsBytes("label"));
  NativeMechanism native(oaep);
  ASSERT_EQ(native.get()->mechanism, CKM_RSA_PKCS_OAEP);
  ASSERT_EQ(native.get()->ulParameterLen, sizeof(CK_RSA_PKCS_OAEP_PARAMS));
  const auto* parameters = static_cast<const CK_RSA_PKCS_OAEP_PARAMS*>(native.get()->pParameter);
  EXPECT_EQ(parameters->hashAlg, CKM_SHA256);
  EXPECT_EQ(parameters->mgf, CKG_MGF1_SHA1);
  EXPECT_EQ(parameters->ulSourceDataLen, 5U);
  const Mechanism ecb = Mechanism::AesEcb();
  NativeMechanism bare(ecb);
  EXPECT_EQ(bare.get()->pParameter, nullptr);
  EXPECT_EQ(bare.get()->ulParameterLen, 0U);
}

TEST(Names, OfAttributesAndMechanisms) {
  EXPECT_EQ(CkaName(CKA_SENSITIVE), "CKA_SENSITIVE");
  EXPECT_EQ(CkaName(0x99999), "CKA 0x99999");
  EXPECT_EQ(CkmName(0x210B), "CKM_AES_KEY_WRAP_KWP (0x210b)");
  EXPECT_EQ(CkmName(0x99999), "CKM 0x99999");
}

}  // namespace
}  // namespace keyferry::cryptoki
