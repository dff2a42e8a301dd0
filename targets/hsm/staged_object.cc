// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/staged_object.h"

#include "protocol/base/crypto.h"
#include "targets/cryptoki/ckr.h"

namespace keyferry::hsm {
namespace {

std::string NameOf(const Item& item) {
  return std::string(Name(item.object_class)) + " '" + Printable(item.label) + "'";
}

// What the token said, as an answer about the item where it is one.
Error ItemError(Error error, const Item& item, const cryptoki::TokenProfile& profile) {
  const CK_RV rv = cryptoki::RvOf(error);
  const bool unwrapped = item.wrap != WrapMethod::kNone && !item.wrapped_key.empty();
  if (unwrapped && rv != CKR_OK && rv == profile.damaged_blob) {
    return Error::Caused(Code::kUnwrapFailed, NameOf(item) + ": the wrapped key does not open under this root key",
                         cryptoki::CkrName(rv))
        .WithNative(rv);
  }
  const bool strange = rv == CKR_KEY_TYPE_INCONSISTENT || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
                       rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_DOMAIN_PARAMS_INVALID ||
                       rv == CKR_CURVE_NOT_SUPPORTED;
  if (item.key_type == KeyType::kEd25519 && strange) {
    return Error::Caused(Code::kKeyTypeUnsupported, NameOf(item) + ": this token takes no Ed25519 key",
                         cryptoki::CkrName(rv))
        .WithNative(rv);
  }
  return std::move(error).While(NameOf(item));
}

}  // namespace

Result<StagedObject> StagedObject::Make(TokenObjects& objects, const Entrance& entrance, const Item& item) {
  KF_TRY(auto plan, ObjectPlan::Of(item, entrance.profile));
  StagedObject staged(objects, entrance, item, std::move(plan));
  KF_TRY(auto* session, objects.Session());
  auto handle = staged.MakeObject(*session, staged.plan_, false);
  if (!handle) {
    return std::unexpected(ItemError(std::move(handle).error(), item, entrance.profile));
  }
  staged.object_ = SessionObject(objects, *handle);
  KF_CHECK(staged.CheckAttributes(*session, *handle, staged.plan_, false));
  KF_CHECK(staged.Check(*session, *handle));
  return staged;
}

Result<CK_OBJECT_HANDLE> StagedObject::MakeObject(cryptoki::Session& session, const ObjectPlan& plan,
                                                  bool token) const {
  if (entrance_.kek == 0) {
    return session.CreateObject(plan.ToTemplate(token));
  }
  KF_TRY(const auto mechanism, entrance_.profile.WrapMechanism(item_.wrap));
  return session.UnwrapKey(mechanism, entrance_.kek, item_.wrapped_key, plan.ToTemplate(token));
}

Status StagedObject::CheckAttributes(cryptoki::Session& session, CK_OBJECT_HANDLE object, const ObjectPlan& plan,
                                     bool token) const {
  KF_TRY(auto difference, plan.Difference(session, object, token));
  // NSS gives an unwrapped RSA key every usage, whatever was asked for, but lets them be taken away.
  if (difference && session.SetAttributes(object, plan.UsageTemplate())) {
    KF_TRY(difference, plan.Difference(session, object, token));
  }
  if (!difference) {
    return {};
  }
  return std::unexpected(Error::Make(Code::kReadBackWrong, NameOf(item_) + ", made in the token: " + *difference));
}

ThrowAway StagedObject::ByUnwrap(cryptoki::Session& session) const {
  return [this, &session](CK_ATTRIBUTE_TYPE usage) { return MakeObject(session, plan_.WithUsage(usage), false); };
}

Status StagedObject::Check(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  const bool secret = entrance_.kek != 0;
  evidence_ = {.check_method = item_.check_method,
               .check_value = {},
               .key_bits = item_.key_bits,
               .usage = item_.usage,
               .sensitive = secret,
               .extractable = false};
  if (item_.object_class == ObjectClass::kSecretKey) {
    return CheckSecretKey(session, object);
  }
  return item_.object_class == ObjectClass::kCertificate ? Status() : CheckPublicPart(session, object);
}

Status StagedObject::CheckSecretKey(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  if (item_.check_method == CheckMethod::kNone) {
    evidence_.check_method = DefaultMethod(item_, plan_, entrance_.profile);
  }
  const ProvableKey key{.handle = object, .plan = &plan_, .throw_away = ByUnwrap(session)};
  auto seen = CheckValueOf(session, key, evidence_.check_method);
  if (!seen && item_.check_method == CheckMethod::kNone && seen.error().code() == Code::kItemLength) {
    evidence_.check_method = CheckMethod::kNone;  // nobody asked for one
    return {};
  }
  KF_TRY_WITH(evidence_.check_value, std::move(seen), NameOf(item_));
  if (item_.check_method != CheckMethod::kNone && !Equal(evidence_.check_value, item_.check_value)) {
    return std::unexpected(Error::Make(Code::kCheckValueWrong, NameOf(item_) + ": the unwrapped key's check value " +
                                                                   std::string(Name(item_.check_method)) +
                                                                   " is not the one it came with"));
  }
  return {};
}

Status StagedObject::CheckPublicPart(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  const Digest digest = Sha256(item_.public_key);
  if (item_.check_method == CheckMethod::kPublicKey && !Equal(item_.check_value, digest)) {
    return std::unexpected(
        Error::Make(Code::kCheckValueWrong, NameOf(item_) + ": its check value is not the digest of its public key"));
  }
  if (item_.object_class == ObjectClass::kPrivateKey) {
    const ProvableKey key{.handle = object, .plan = &plan_, .throw_away = ByUnwrap(session)};
    KF_CHECK_WITH(ProvePrivateKey(session, key, item_.public_key), NameOf(item_));
  }
  evidence_.check_method = CheckMethod::kPublicKey;
  evidence_.check_value.assign(digest.begin(), digest.end());
  return {};
}

Result<bool> StagedObject::IsSameAs(CK_OBJECT_HANDLE token_object) {
  KF_TRY(auto* session, objects_->Session());
  KF_TRY(const auto difference, plan_.Difference(*session, token_object, true));
  if (difference) {
    return false;
  }
  auto same = HoldsSameKey(*session, token_object);
  if (!same && same.error().retry() == Retry::kPermanent) {
    return false;
  }
  return same;
}

Result<bool> StagedObject::HoldsSameKey(cryptoki::Session& session, CK_OBJECT_HANDLE token_object) const {
  const ProvableKey there{.handle = token_object, .plan = &plan_, .throw_away = ByCopy(session, token_object)};
  if (item_.object_class == ObjectClass::kPrivateKey) {
    KF_CHECK(ProvePrivateKey(session, there, item_.public_key));
    return true;
  }
  if (item_.object_class != ObjectClass::kSecretKey) {
    return true;  // all of it was compared octet by octet
  }
  const ProvableKey here{.handle = object_.get(), .plan = &plan_, .throw_away = ByUnwrap(session)};
  return SameSecretKey(session, item_.key_type, here, there);
}

Result<CK_OBJECT_HANDLE> StagedObject::MakeInToken(const std::string& label) {
  const ObjectPlan plan = plan_.WithLabel(label);
  const ObjectEntry entry{.handle = 0, .object_class = plan.object_class(), .id = item_.id, .label = label};
  const auto make = [&](cryptoki::Session& session) { return MakeObject(session, plan, true); };
  KF_TRY(const CK_OBJECT_HANDLE handle, objects_->MakeInToken(make, entry));
  KF_TRY(auto* session, objects_->Session());
  Status checked = CheckAttributes(*session, handle, plan, true);
  if (checked) {
    checked = Check(*session, handle);
  }
  if (!checked) {
    KF_CHECK(objects_->Destroy(handle));
    return std::unexpected(std::move(checked).error());
  }
  return handle;
}

}  // namespace keyferry::hsm
