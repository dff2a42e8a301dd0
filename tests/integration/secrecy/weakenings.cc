// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/weakenings.h"

#include "targets/cryptoki/attributes.h"

namespace keyferry::secrecy {
namespace {

const Bytes kYes = {1};
const Bytes kNo = {0};

RawTemplate Weak() {
  RawTemplate weak;
  return weak.Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true);
}

Bytes AllMechanisms() {
  Bytes octets;
  for (const RawMechanism& mechanism : WrapMechanisms()) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(&mechanism.native.mechanism);
    octets.insert(octets.end(), at, at + sizeof mechanism.native.mechanism);
  }
  return octets;
}

Weakening Flag(CK_ATTRIBUTE_TYPE type, bool value) {
  RawTemplate change;
  change.Bool(type, value);
  return {cryptoki::CkaName(type) + (value ? " true" : " false"), change};
}

std::vector<Weakening> MakeWeakenings() {
  std::vector<Weakening> all;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_WRAP, CKA_UNWRAP, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_SIGN_RECOVER,
                                       CKA_VERIFY, CKA_DERIVE, CKA_TRUSTED, CKA_MODIFIABLE, CKA_COPYABLE}) {
    all.push_back(Flag(type, true));
  }
  all.push_back(Flag(CKA_EXTRACTABLE, true));
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_SENSITIVE, CKA_PRIVATE, CKA_WRAP_WITH_TRUSTED, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE}) {
    all.push_back(Flag(type, false));
  }
  all.push_back({"SENSITIVE false and EXTRACTABLE true at once", Weak()});
  all.push_back({"MODIFIABLE, WRAP and DECRYPT true at once",
                 RawTemplate().Bool(CKA_MODIFIABLE, true).Bool(CKA_WRAP, true).Bool(CKA_DECRYPT, true)});
  all.push_back({"EXTRACTABLE of 2", RawTemplate().Set(CKA_EXTRACTABLE, {2})});
  all.push_back({"UNWRAP_TEMPLATE empty", RawTemplate().Set(CKA_UNWRAP_TEMPLATE, {})});
  all.push_back({"UNWRAP_TEMPLATE weak", RawTemplate().Nested(CKA_UNWRAP_TEMPLATE, Weak())});
  all.push_back({"WRAP_TEMPLATE weak", RawTemplate().Nested(CKA_WRAP_TEMPLATE, Weak())});
  all.push_back({"ALLOWED_MECHANISMS empty", RawTemplate().Set(CKA_ALLOWED_MECHANISMS, {})});
  all.push_back({"ALLOWED_MECHANISMS of everything", RawTemplate().Set(CKA_ALLOWED_MECHANISMS, AllMechanisms())});
  all.push_back({"KEY_TYPE generic secret", RawTemplate().Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)});
  all.push_back({"KEY_TYPE two-key DES", RawTemplate().Ulong(CKA_KEY_TYPE, CKK_DES2)});
  all.push_back({"CLASS data", RawTemplate().Ulong(CKA_CLASS, CKO_DATA)});
  all.push_back({"a VALUE of one's own", RawTemplate().Set(CKA_VALUE, Bytes(32, 0x42))});
  all.push_back({"a VALUE_LEN of 16", RawTemplate().Ulong(CKA_VALUE_LEN, 16)});
  return all;
}

void AddFlags(std::vector<Twist>& all) {
  const std::pair<CK_ATTRIBUTE_TYPE, bool> guarded[] = {
      {CKA_EXTRACTABLE, true}, {CKA_SENSITIVE, false}, {CKA_PRIVATE, false}};
  for (const auto& [attribute, weak] : guarded) {
    const CK_ATTRIBUTE_TYPE type = attribute;
    const Bytes bad = weak ? kYes : kNo;
    const Bytes odd = weak ? Bytes{2} : Bytes{0};
    const std::string name = cryptoki::CkaName(type);
    all.push_back({name + (weak ? " true" : " false"), [=](RawTemplate& t) { t.Set(type, bad); }});
    all.push_back({name + " left out", [=](RawTemplate& t) { t.Remove(type); }});
    all.push_back({name + " twice, weak last", [=](RawTemplate& t) { t.Append(type, bad); }});
    all.push_back({name + " twice, weak first", [=](RawTemplate& t) { t.Prepend(type, bad); }});
    all.push_back({name + " of two octets", [=](RawTemplate& t) { t.Set(type, {bad[0], bad[0]}); }});
    all.push_back({name + " of eight octets", [=](RawTemplate& t) { t.Ulong(type, bad[0]); }});
    all.push_back({name + " of no octet", [=](RawTemplate& t) { t.Set(type, {}); }});
    all.push_back({name + " of 2 or 0", [=](RawTemplate& t) { t.Set(type, odd); }});
    all.push_back({name + " of 255", [=](RawTemplate& t) { t.Set(type, {0xff}); }});
  }
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_WRAP, CKA_UNWRAP, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_SIGN_RECOVER, CKA_VERIFY, CKA_DERIVE,
        CKA_MODIFIABLE, CKA_COPYABLE, CKA_TRUSTED, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_LOCAL}) {
    all.push_back({cryptoki::CkaName(type) + " true", [=](RawTemplate& t) { t.Set(type, kYes); }});
  }
  all.push_back({"WRAP_WITH_TRUSTED false", [](RawTemplate& t) { t.Set(CKA_WRAP_WITH_TRUSTED, kNo); }});
  all.push_back({"SENSITIVE false and EXTRACTABLE true",
                 [](RawTemplate& t) { t.Set(CKA_SENSITIVE, kNo).Set(CKA_EXTRACTABLE, kYes); }});
}

void AddTypes(std::vector<Twist>& all) {
  const std::pair<const char*, CK_KEY_TYPE> types[] = {
      {"AES", CKK_AES},   {"generic secret", CKK_GENERIC_SECRET},
      {"DES", CKK_DES},   {"two-key DES", CKK_DES2},
      {"DES3", CKK_DES3}, {"SHA256_HMAC", CKK_SHA256_HMAC},
      {"RC4", CKK_RC4},   {"RSA", CKK_RSA},
      {"EC", CKK_EC},     {"DSA", CKK_DSA},
      {"DH", CKK_DH},     {"GOST", CKK_GOSTR3410},
      {"EdDSA", 0x40UL},  {"vendor's", 0x80000001UL},
  };
  const std::pair<const char*, CK_OBJECT_CLASS> classes[] = {
      {"secret key", CKO_SECRET_KEY},   {"private key", CKO_PRIVATE_KEY},
      {"public key", CKO_PUBLIC_KEY},   {"data", CKO_DATA},
      {"certificate", CKO_CERTIFICATE}, {"domain parameters", CKO_DOMAIN_PARAMETERS},
  };
  for (const auto& [name, value] : types) {
    const CK_KEY_TYPE type = value;
    all.push_back({std::string("KEY_TYPE ") + name, [=](RawTemplate& t) { t.Ulong(CKA_KEY_TYPE, type); }});
  }
  for (const auto& [class_name, class_value] : classes) {
    const CK_OBJECT_CLASS object_class = class_value;
    all.push_back({std::string("CLASS ") + class_name, [=](RawTemplate& t) { t.Ulong(CKA_CLASS, object_class); }});
    for (const auto& [type_name, type_value] : types) {
      const CK_KEY_TYPE type = type_value;
      all.push_back({std::string("CLASS ") + class_name + ", KEY_TYPE " + type_name + ", weak", [=](RawTemplate& t) {
                       t.Ulong(CKA_CLASS, object_class).Ulong(CKA_KEY_TYPE, type);
                       t.Set(CKA_SENSITIVE, kNo).Set(CKA_EXTRACTABLE, kYes);
                     }});
    }
  }
  all.push_back({"CLASS left out", [](RawTemplate& t) { t.Remove(CKA_CLASS); }});
  all.push_back({"KEY_TYPE left out", [](RawTemplate& t) { t.Remove(CKA_KEY_TYPE); }});
  all.push_back({"no template at all", [](RawTemplate& t) { t = RawTemplate(); }});
}

void AddRest(std::vector<Twist>& all) {
  all.push_back({"an UNWRAP_TEMPLATE of one's own", [](RawTemplate& t) { t.Nested(CKA_UNWRAP_TEMPLATE, Weak()); }});
  all.push_back({"a WRAP_TEMPLATE of one's own", [](RawTemplate& t) { t.Nested(CKA_WRAP_TEMPLATE, Weak()); }});
  all.push_back(
      {"ALLOWED_MECHANISMS of everything", [](RawTemplate& t) { t.Set(CKA_ALLOWED_MECHANISMS, AllMechanisms()); }});
  all.push_back({"a VALUE of one's own", [](RawTemplate& t) { t.Set(CKA_VALUE, Bytes(32, 0x42)); }});
  all.push_back({"a VALUE_LEN of 1", [](RawTemplate& t) { t.Ulong(CKA_VALUE_LEN, 1); }});
  all.push_back({"a CHECK_VALUE of one's own", [](RawTemplate& t) { t.Set(CKA_CHECK_VALUE, {1, 2, 3}); }});
  all.push_back({"a token object", [](RawTemplate& t) { t.Bool(CKA_TOKEN, true); }});
  all.push_back({"a token object, SENSITIVE false and EXTRACTABLE true",
                 [](RawTemplate& t) { t.Bool(CKA_TOKEN, true).Set(CKA_SENSITIVE, kNo).Set(CKA_EXTRACTABLE, kYes); }});
}

}  // namespace

const std::vector<Weakening>& Weakenings() {
  static const std::vector<Weakening> kAll = MakeWeakenings();
  return kAll;
}

const std::vector<Twist>& Twists() {
  static const std::vector<Twist> kAll = [] {
    std::vector<Twist> all;
    AddFlags(all);
    AddTypes(all);
    AddRest(all);
    return all;
  }();
  return kAll;
}

}  // namespace keyferry::secrecy
