// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/staged_rollback.h"

#include "protocol/base/crypto.h"
#include "targets/cryptoki/public_key.h"
#include "targets/hsm/key_proof.h"
#include "targets/hsm/situation.h"

namespace keyferry::hsm {
namespace {

Result<Bytes> PublicDigest(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  KF_TRY(const Bytes spki, cryptoki::ReadPublicKeyInfo(session, object));
  const Digest digest = Sha256(spki);
  return Bytes(digest.begin(), digest.end());
}

}  // namespace

Result<std::unique_ptr<StagedRollback>> StagedRollback::Make(HsmContext& context, const Item& item,
                                                             const target::Holding& holding) {
  KF_TRY(const ObjectIndex* index, context.objects.Index());
  KF_TRY(const Situation situation, Assess(*index, item, holding));
  std::unique_ptr<StagedRollback> staged(new StagedRollback(context, item, holding));
  staged->current_there_ = situation.current != nullptr;
  KF_CHECK(staged->Look(situation.previous->handle, std::string(situation.previous->label)));
  return staged;
}

Status StagedRollback::Look(CK_OBJECT_HANDLE object, const std::string& label) {
  const target::Version& version = *holding_.previous;
  KF_TRY(auto* session, context_->objects.Session());
  const ObjectPlan plan = ObjectPlan::OfVersion(item_.object_class, label, version);
  KF_TRY(const auto difference, plan.Difference(*session, object, true));
  if (difference) {
    return std::unexpected(Error::Make(Code::kReadBackWrong, "the kept version of '" + Printable(item_.label) +
                                                                 "' is not what was installed: " + *difference));
  }
  const bool secret = item_.object_class == ObjectClass::kSecretKey || item_.object_class == ObjectClass::kPrivateKey;
  evidence_.key_bits = version.key_bits;
  evidence_.usage = version.usage;
  evidence_.sensitive = secret;
  return LookAtKey(*session, object);
}

Status StagedRollback::LookAtKey(cryptoki::Session& session, CK_OBJECT_HANDLE object) {
  const target::Version& version = *holding_.previous;
  if (version.check_method == CheckMethod::kNone) {
    return {};
  }
  const ObjectPlan plan = ObjectPlan::OfVersion(item_.object_class, item_.label, version);
  const ProvableKey key{.handle = object, .plan = &plan, .throw_away = ByCopy(session, object)};
  auto seen = version.check_method == CheckMethod::kPublicKey ? PublicDigest(session, object)
                                                              : CheckValueOf(session, key, version.check_method);
  if (!seen) {
    // An EC private key shows no public half, and some tokens let no copy gain a usage: then it cannot be seen again.
    return seen.error().retry() == Retry::kPermanent ? Status() : std::unexpected(std::move(seen).error());
  }
  if (!Equal(*seen, version.check_value)) {
    return std::unexpected(Error::Make(Code::kCheckValueWrong, "the kept version of '" + Printable(item_.label) +
                                                                   "' is not the key that was installed"));
  }
  evidence_.check_method = version.check_method;
  evidence_.check_value = std::move(*seen);
  return {};
}

Status StagedRollback::Commit() {
  KF_CHECK_WITH(versions_.Show(holding_.previous->id), "bringing the kept version back");
  KF_TRY(const bool there, versions_.IsThere(holding_.previous->id));
  return there ? Status()
               : std::unexpected(Error::Make(Code::kTokenUncertain, "the kept version of '" + Printable(item_.label) +
                                                                        "' went while it was brought back"));
}

Status StagedRollback::Undo() {
  if (holding_.current) {
    KF_CHECK_WITH(versions_.Show(holding_.current->id), "undoing a rollback");
  }
  KF_CHECK_WITH(versions_.Hide(holding_.previous->id), "undoing a rollback");
  return {};
}

Status StagedRollback::Finish() {
  KF_CHECK_WITH(versions_.Retire(holding_.current->id), "retiring the version that was current");
  return {};
}

target::Holding StagedRollback::After() const {
  target::Holding after;
  after.current = holding_.previous;
  if (context_->settings.keep_previous && current_there_) {
    after.previous = holding_.current;
  }
  return after;
}

}  // namespace keyferry::hsm
