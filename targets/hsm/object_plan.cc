// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/object_plan.h"

#include <algorithm>
#include <array>

#include "targets/cryptoki/public_key.h"
#include "targets/hsm/certificate.h"

namespace keyferry::hsm {
namespace {

struct UsageAttribute {
  CK_ATTRIBUTE_TYPE type;
  std::uint32_t bit;  // 0: never asked for, always sent as false
};

constexpr std::array kSecretUsages = {
    UsageAttribute{CKA_ENCRYPT, usage::kEncrypt}, UsageAttribute{CKA_DECRYPT, usage::kDecrypt},
    UsageAttribute{CKA_SIGN, usage::kSign},       UsageAttribute{CKA_VERIFY, usage::kVerify},
    UsageAttribute{CKA_DERIVE, usage::kDerive},   UsageAttribute{CKA_WRAP, usage::kWrap},
    UsageAttribute{CKA_UNWRAP, usage::kUnwrap}};
constexpr std::array kPrivateUsages = {UsageAttribute{CKA_DECRYPT, usage::kDecrypt},
                                       UsageAttribute{CKA_SIGN, usage::kSign}, UsageAttribute{CKA_SIGN_RECOVER, 0},
                                       UsageAttribute{CKA_DERIVE, usage::kDerive},
                                       UsageAttribute{CKA_UNWRAP, usage::kUnwrap}};
constexpr std::array kPublicUsages = {UsageAttribute{CKA_ENCRYPT, usage::kEncrypt},
                                      UsageAttribute{CKA_VERIFY, usage::kVerify}, UsageAttribute{CKA_VERIFY_RECOVER, 0},
                                      UsageAttribute{CKA_WRAP, usage::kWrap}};

Bytes BoolOctets(bool value) { return {static_cast<std::uint8_t>(value ? CK_TRUE : CK_FALSE)}; }

Bytes UlongOctets(CK_ULONG value) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(&value);
  return {at, at + sizeof value};
}

Bytes Octets(ByteView view) { return {view.begin(), view.end()}; }

void Put(std::vector<Fact>& facts, CK_ATTRIBUTE_TYPE type, Bytes value) {
  const auto found = std::ranges::find(facts, type, &Fact::type);
  if (found != facts.end()) {
    found->value = std::move(value);
  } else {
    facts.push_back({type, std::move(value)});
  }
}

std::unexpected<Error> NotAsSaid(const Item& item, const std::string& why) {
  return std::unexpected(Error::Make(
      Code::kItemInvalid, std::string(Name(item.object_class)) + " '" + Printable(item.label) + "': " + why));
}

Result<cryptoki::PublicKeyFacts> PublicFacts(const Item& item) {
  KF_TRY(auto facts, cryptoki::ParsePublicKeyInfo(item.public_key));
  if (facts.type != item.key_type || facts.bits != item.key_bits) {
    return NotAsSaid(item, "its public key is " + std::string(Name(facts.type)) + " of " + std::to_string(facts.bits) +
                               " bits, which is not what the item says");
  }
  return facts;
}

}  // namespace

CK_OBJECT_CLASS CkoOf(ObjectClass object_class) {
  switch (object_class) {
    case ObjectClass::kSecretKey:
      return CKO_SECRET_KEY;
    case ObjectClass::kPrivateKey:
      return CKO_PRIVATE_KEY;
    case ObjectClass::kPublicKey:
      return CKO_PUBLIC_KEY;
    case ObjectClass::kCertificate:
      return CKO_CERTIFICATE;
  }
  return CKO_DATA;
}

CK_KEY_TYPE CkkOf(KeyType type) {
  switch (type) {
    case KeyType::kAes:
      return CKK_AES;
    case KeyType::kRsa:
      return CKK_RSA;
    case KeyType::kEc:
      return CKK_EC;
    case KeyType::kEd25519:
      return CKK_EC_EDWARDS;
    case KeyType::kGenericSecret:
    case KeyType::kX509:
      break;
  }
  return CKK_GENERIC_SECRET;
}

Result<ObjectPlan> ObjectPlan::Of(const Item& item, const cryptoki::TokenProfile& profile) {
  ObjectPlan plan;
  plan.AddNames(item.object_class, item.label, item.id);
  if (item.object_class == ObjectClass::kCertificate) {
    KF_CHECK(plan.AddCertificateFacts(item));
  } else {
    plan.AddKey(item.object_class, item.key_type, item.key_bits, item.usage);
  }
  if (item.object_class == ObjectClass::kPrivateKey) {
    KF_CHECK(plan.AddPrivateKeyFacts(item, profile));
  } else if (item.object_class == ObjectClass::kPublicKey) {
    KF_CHECK(plan.AddPublicKeyFacts(item));
  }
  plan.AddDates(item);
  return plan;
}

ObjectPlan ObjectPlan::OfVersion(ObjectClass object_class, const std::string& label, const target::Version& version) {
  ObjectPlan plan;
  plan.AddNames(object_class, label, version.id);
  if (object_class != ObjectClass::kCertificate) {
    plan.AddKey(object_class, version.key_type, version.key_bits, version.usage);
  }
  return plan;
}

void ObjectPlan::AddNames(ObjectClass object_class, const std::string& label, const Bytes& id) {
  object_class_ = CkoOf(object_class);
  Put(given_, CKA_CLASS, UlongOctets(object_class_));
  Put(given_, CKA_LABEL, Octets(AsBytes(label)));
  Put(given_, CKA_ID, id);
  const bool secret = object_class == ObjectClass::kSecretKey || object_class == ObjectClass::kPrivateKey;
  Put(given_, CKA_PRIVATE, BoolOctets(secret));
  if (secret) {
    Put(given_, CKA_SENSITIVE, BoolOctets(true));
    Put(given_, CKA_EXTRACTABLE, BoolOctets(false));
  }
}

void ObjectPlan::AddKey(ObjectClass object_class, KeyType type, std::uint32_t bits, std::uint32_t usage) {
  Put(given_, CKA_KEY_TYPE, UlongOctets(CkkOf(type)));
  const auto put_all = [&](const auto& usages) {
    for (const UsageAttribute& one : usages) {
      Put(given_, one.type, BoolOctets((usage & one.bit) != 0));
    }
  };
  if (object_class == ObjectClass::kSecretKey) {
    put_all(kSecretUsages);
    Put(derived_, CKA_VALUE_LEN, UlongOctets(bits / 8));
    hidden_ = CKA_VALUE;
  } else if (object_class == ObjectClass::kPrivateKey) {
    put_all(kPrivateUsages);
    hidden_ = type == KeyType::kRsa ? CKA_PRIVATE_EXPONENT : CKA_VALUE;
  } else {
    put_all(kPublicUsages);
  }
}

Status ObjectPlan::AddPrivateKeyFacts(const Item& item, const cryptoki::TokenProfile& profile) {
  KF_TRY(const auto facts, PublicFacts(item));
  if (item.key_type == KeyType::kRsa) {
    Put(derived_, CKA_MODULUS, facts.modulus);
    Put(derived_, CKA_PUBLIC_EXPONENT, facts.public_exponent);
    return {};
  }
  Put(derived_, CKA_EC_PARAMS, facts.ec_params);
  if (profile.ec_private_wants_point) {
    // A vendor's attribute by which the token files the key; the signature shows that it is the right one.
    Put(unread_, CKA_NSS_DB, cryptoki::PointAsOctetString(facts.point));
  }
  return {};
}

Status ObjectPlan::AddPublicKeyFacts(const Item& item) {
  KF_TRY(const auto facts, PublicFacts(item));
  if (item.key_type == KeyType::kRsa) {
    Put(given_, CKA_MODULUS, facts.modulus);
    Put(given_, CKA_PUBLIC_EXPONENT, facts.public_exponent);
    return {};
  }
  Put(given_, CKA_EC_PARAMS, facts.ec_params);
  Put(given_, CKA_EC_POINT, cryptoki::PointAsOctetString(facts.point));
  return {};
}

Status ObjectPlan::AddCertificateFacts(const Item& item) {
  KF_TRY(auto facts, ParseCertificate(item.certificate));
  Put(given_, CKA_CERTIFICATE_TYPE, UlongOctets(CKC_X_509));
  Put(given_, CKA_SUBJECT, std::move(facts.subject));
  Put(given_, CKA_ISSUER, std::move(facts.issuer));
  Put(given_, CKA_SERIAL_NUMBER, std::move(facts.serial));
  Put(given_, CKA_VALUE, item.certificate);
  return {};
}

void ObjectPlan::AddDates(const Item& item) {
  // An empty date is not sent, since some tokens refuse one, but must be read back empty.
  const auto put = [this](CK_ATTRIBUTE_TYPE type, UnixSeconds date) {
    Put(date == 0 ? derived_ : given_, type, cryptoki::DateOctets(date));
  };
  put(CKA_START_DATE, item.not_before);
  put(CKA_END_DATE, item.not_after);
}

cryptoki::Template ObjectPlan::ToTemplate(bool token) const {
  cryptoki::Template attributes;
  attributes.Bool(CKA_TOKEN, token);
  for (const auto* facts : {&given_, &unread_}) {
    for (const Fact& fact : *facts) {
      attributes.Octets(fact.type, fact.value);
    }
  }
  return attributes;
}

cryptoki::Template ObjectPlan::UsageTemplate() const {
  cryptoki::Template attributes;
  const auto put_all = [&](const auto& usages) {
    for (const Fact& fact : given_) {
      if (std::ranges::find(usages, fact.type, &UsageAttribute::type) != usages.end()) {
        attributes.Octets(fact.type, fact.value);
      }
    }
  };
  if (object_class_ == CKO_SECRET_KEY) {
    put_all(kSecretUsages);
  } else if (object_class_ == CKO_PRIVATE_KEY) {
    put_all(kPrivateUsages);
  } else if (object_class_ == CKO_PUBLIC_KEY) {
    put_all(kPublicUsages);
  }
  return attributes;
}

ObjectPlan ObjectPlan::WithUsage(CK_ATTRIBUTE_TYPE usage) const {
  ObjectPlan plan = *this;
  Put(plan.given_, usage, BoolOctets(true));
  return plan;
}

ObjectPlan ObjectPlan::WithLabel(const std::string& label) const {
  ObjectPlan plan = *this;
  Put(plan.given_, CKA_LABEL, Octets(AsBytes(label)));
  return plan;
}

bool ObjectPlan::Allows(CK_ATTRIBUTE_TYPE usage) const {
  const auto found = std::ranges::find(given_, usage, &Fact::type);
  return found != given_.end() && found->value == BoolOctets(true);
}

Result<std::optional<std::string>> ObjectPlan::Difference(cryptoki::Session& session, CK_OBJECT_HANDLE object,
                                                          bool token) const {
  std::vector<Fact> expected = given_;
  expected.insert(expected.end(), derived_.begin(), derived_.end());
  expected.push_back({CKA_TOKEN, BoolOctets(token)});
  return FindDifference(session, object, expected, hidden_);
}

}  // namespace keyferry::hsm
