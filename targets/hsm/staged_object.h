// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "targets/hsm/key_proof.h"
#include "targets/hsm/token_objects.h"
#include "targets/target/target.h"

namespace keyferry::hsm {

// Where a key comes in: the root key that unwraps it (0: nothing is unwrapped), and how.
struct Entrance {
  CK_OBJECT_HANDLE kek = 0;
  cryptoki::TokenProfile profile;
};

// An item as a session object that already carries its final label, id and attributes, checked in full: attributes read
// back, length, check value or public key. Nothing of it lasts.
class StagedObject {
 public:
  // kUnwrapFailed, kReadBackWrong, kCheckValueWrong, kKeyTypeUnsupported, hsm.*; those of ObjectPlan::Of.
  static Result<StagedObject> Make(TokenObjects& objects, const Entrance& entrance, const Item& item);

  const ObjectPlan& plan() const { return plan_; }
  const target::Evidence& evidence() const { return evidence_; }
  SessionObject& object() { return object_; }

  // Whether a token object is this very object: attributes, and the key itself proved equal. An object that cannot be
  // compared is another one. Errors only where the token fails.
  Result<bool> IsSameAs(CK_OBJECT_HANDLE token_object);
  // Makes the object anew straight in the token, under `label` (for tokens without C_CopyObject), and checks the key.
  Result<CK_OBJECT_HANDLE> MakeInToken(const std::string& label);

 private:
  StagedObject(TokenObjects& objects, const Entrance& entrance, const Item& item, ObjectPlan plan)
      : objects_(&objects), entrance_(entrance), item_(item), plan_(std::move(plan)) {}

  Result<CK_OBJECT_HANDLE> MakeObject(cryptoki::Session& session, const ObjectPlan& plan, bool token) const;
  ThrowAway ByUnwrap(cryptoki::Session& session) const;
  Status CheckAttributes(cryptoki::Session& session, CK_OBJECT_HANDLE object, const ObjectPlan& plan, bool token) const;
  Status Check(cryptoki::Session& session, CK_OBJECT_HANDLE object);
  Status CheckSecretKey(cryptoki::Session& session, CK_OBJECT_HANDLE object);
  Status CheckPublicPart(cryptoki::Session& session, CK_OBJECT_HANDLE object);
  Result<bool> HoldsSameKey(cryptoki::Session& session, CK_OBJECT_HANDLE token_object) const;

  TokenObjects* objects_;
  Entrance entrance_;
  Item item_;
  ObjectPlan plan_;
  SessionObject object_;
  target::Evidence evidence_;
};

}  // namespace keyferry::hsm
