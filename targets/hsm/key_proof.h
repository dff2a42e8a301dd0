// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>

#include "protocol/base/item.h"
#include "targets/hsm/object_plan.h"

namespace keyferry::hsm {

// Makes a session object of the same key with one more usage, to be thrown away after one operation.
using ThrowAway = std::function<Result<CK_OBJECT_HANDLE>(CK_ATTRIBUTE_TYPE usage)>;

// A key as it lies in the token, and how to use it where its own usages do not allow it.
struct ProvableKey {
  CK_OBJECT_HANDLE handle = 0;
  const ObjectPlan* plan = nullptr;
  ThrowAway throw_away;
};

// The check value of a secret key, computed in the token. kNone: none. Code::kItemLength where the token does not
// compute with a key of this length (SoftHSM2: HMAC-SHA-256 from 32 octets).
Result<Bytes> CheckValueOf(cryptoki::Session& session, const ProvableKey& key, CheckMethod method);

// The method where an item names none: what the key's own usages allow without a throw-away object.
CheckMethod DefaultMethod(const Item& item, const ObjectPlan& plan, const cryptoki::TokenProfile& profile);

// Whether a private key belongs to the public key: a signature made in the token, verified outside. kCheckValueWrong.
Status ProvePrivateKey(cryptoki::Session& session, const ProvableKey& key, ByteView public_key);

// Whether two objects hold the same secret key: both answer a random challenge alike.
Result<bool> SameSecretKey(cryptoki::Session& session, KeyType type, const ProvableKey& a, const ProvableKey& b);

// Throw-away objects by C_CopyObject, for an object whose wrapped key is not at hand.
ThrowAway ByCopy(cryptoki::Session& session, CK_OBJECT_HANDLE object);

}  // namespace keyferry::hsm
