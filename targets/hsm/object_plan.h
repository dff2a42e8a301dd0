// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/item.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/session.h"
#include "targets/hsm/read_back.h"
#include "targets/target/target.h"

namespace keyferry::hsm {

// Everything about one object but its key: what its template carries, and what must be read back of it. Every usage
// that the class has stands in it, true or false: left out, some tokens take it for true.
class ObjectPlan {
 public:
  // Of an item that passed CheckItem. kEncodingInvalid, kItemInvalid, kItemLength where public key or certificate do
  // not parse or are not what the item says.
  static Result<ObjectPlan> Of(const Item& item, const cryptoki::TokenProfile& profile);

  // Of a version that the ledger knows: what it does not know (dates, public halves) is not compared. Only to compare
  // with.
  static ObjectPlan OfVersion(ObjectClass object_class, const std::string& label, const target::Version& version);

  CK_OBJECT_CLASS object_class() const { return object_class_; }

  // For C_UnwrapKey and C_CreateObject.
  cryptoki::Template ToTemplate(bool token) const;

  // The usages alone, for C_SetAttributeValue.
  cryptoki::Template UsageTemplate() const;

  // The same object with one more usage (CKA_ENCRYPT, CKA_SIGN): for throw-away session objects.
  ObjectPlan WithUsage(CK_ATTRIBUTE_TYPE usage) const;
  // The same object under another label.
  ObjectPlan WithLabel(const std::string& label) const;
  bool Allows(CK_ATTRIBUTE_TYPE usage) const;

  // Reads the object in one C_GetAttributeValue call, in which the key's own value is asked for by its length only.
  // nullopt: everything is as planned, and the value is not shown. Else what differs, for people: "CKA_SIGN is 00,
  // asked for was 01". Errors are those of the token.
  Result<std::optional<std::string>> Difference(cryptoki::Session& session, CK_OBJECT_HANDLE object, bool token) const;

 private:
  Status AddPrivateKeyFacts(const Item& item, const cryptoki::TokenProfile& profile);
  Status AddPublicKeyFacts(const Item& item);
  Status AddCertificateFacts(const Item& item);
  void AddNames(ObjectClass object_class, const std::string& label, const Bytes& id);
  void AddKey(ObjectClass object_class, KeyType type, std::uint32_t bits, std::uint32_t usage);
  void AddDates(const Item& item);

  CK_OBJECT_CLASS object_class_ = 0;
  std::vector<Fact> given_;                  // sent and read back
  std::vector<Fact> unread_;                 // sent only
  std::vector<Fact> derived_;                // read back only
  std::optional<CK_ATTRIBUTE_TYPE> hidden_;  // must not be shown
};

// PKCS#11's names of our classes and types.
CK_OBJECT_CLASS CkoOf(ObjectClass object_class);
CK_KEY_TYPE CkkOf(KeyType type);

}  // namespace keyferry::hsm
