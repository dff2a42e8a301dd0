// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/key_proof.h"

#include <optional>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/ckr.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::hsm {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kChallenge = 32;

// The key itself where it may do `usage`, else a throw-away object.
struct UsableKey {
  CK_OBJECT_HANDLE handle = 0;
  std::optional<cryptoki::ScopedObject> thrown_away;
};

Result<UsableKey> Usable(cryptoki::Session& session, const ProvableKey& key, CK_ATTRIBUTE_TYPE usage) {
  if (key.plan->Allows(usage)) {
    return UsableKey{.handle = key.handle, .thrown_away = std::nullopt};
  }
  KF_TRY_WITH(const CK_OBJECT_HANDLE handle, key.throw_away(usage), "making a throw-away object to check the key");
  return UsableKey{.handle = handle, .thrown_away = cryptoki::ScopedObject(session, handle)};
}

}  // namespace

Result<Bytes> CheckValueOf(cryptoki::Session& session, const ProvableKey& key, CheckMethod method) {
  if (method == CheckMethod::kNone) {
    return Bytes();
  }
  KF_TRY(const auto usable, Usable(session, key, method == CheckMethod::kEcb0 ? CKA_ENCRYPT : CKA_SIGN));
  auto value = cryptoki::ComputeCheckValue(session, usable.handle, method);
  if (!value && cryptoki::RvOf(value.error()) == CKR_KEY_SIZE_RANGE) {
    return std::unexpected(
        Error::Caused(Code::kItemLength,
                      "the token computes no check value " + std::string(Name(method)) + " with a key of this length",
                      cryptoki::CkrName(CKR_KEY_SIZE_RANGE)));
  }
  return value;
}

CheckMethod DefaultMethod(const Item& item, const ObjectPlan& plan, const cryptoki::TokenProfile& profile) {
  if (item.object_class != ObjectClass::kSecretKey) {
    return CheckMethod::kPublicKey;
  }
  if (item.key_type == KeyType::kGenericSecret) {
    return CheckMethod::kHmac;
  }
  const bool cmac = profile.check_cmac && (plan.Allows(CKA_SIGN) || !plan.Allows(CKA_ENCRYPT) || !profile.check_ecb);
  return cmac ? CheckMethod::kCmac : CheckMethod::kEcb0;
}

Status ProvePrivateKey(cryptoki::Session& session, const ProvableKey& key, ByteView public_key) {
  KF_TRY(const auto usable, Usable(session, key, CKA_SIGN));
  return cryptoki::CheckPrivateKey(session, usable.handle, public_key);
}

Result<bool> SameSecretKey(cryptoki::Session& session, KeyType type, const ProvableKey& a, const ProvableKey& b) {
  const bool encrypts = type == KeyType::kAes;
  const Bytes challenge = RandomBytes(encrypts ? kBlock : kChallenge);
  const auto answer = [&](const ProvableKey& key) -> Result<Bytes> {
    KF_TRY(const auto usable, Usable(session, key, encrypts ? CKA_ENCRYPT : CKA_SIGN));
    return encrypts ? session.Encrypt(cryptoki::Mechanism::AesEcb(), usable.handle, challenge)
                    : session.Sign(cryptoki::Mechanism::HmacSha256(), usable.handle, challenge);
  };
  KF_TRY(const Bytes one, answer(a));
  KF_TRY(const Bytes other, answer(b));
  return Equal(one, other);
}

ThrowAway ByCopy(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  return [&session, object](CK_ATTRIBUTE_TYPE usage) {
    cryptoki::Template changes;
    changes.Bool(CKA_TOKEN, false).Bool(usage, true);
    return session.CopyObject(object, changes);
  };
}

}  // namespace keyferry::hsm
