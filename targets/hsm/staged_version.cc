// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/staged_version.h"

#include "targets/hsm/situation.h"

namespace keyferry::hsm {

StagedVersion::StagedVersion(HsmContext& context, const Item& item, const target::Holding& holding, StagedObject staged)
    : context_(&context),
      item_(item),
      holding_(holding),
      staged_(std::move(staged)),
      versions_(context, item.object_class, item.label) {}

Result<std::unique_ptr<StagedVersion>> StagedVersion::Make(HsmContext& context, CK_OBJECT_HANDLE kek, const Item& item,
                                                           const target::Holding& holding) {
  KF_TRY(const ObjectIndex* index, context.objects.Index());
  KF_TRY(const Situation situation, Assess(*index, item, holding));
  const bool current_there = situation.current != nullptr;
  const CK_OBJECT_HANDLE leftover = situation.leftover == nullptr ? 0 : situation.leftover->handle;
  KF_TRY(auto object, StagedObject::Make(context.objects, {.kek = kek, .profile = context.profile}, item));
  std::unique_ptr<StagedVersion> staged(new StagedVersion(context, item, holding, std::move(object)));
  staged->current_there_ = current_there;
  if (leftover != 0) {
    KF_TRY(staged->adopted_, staged->staged_.IsSameAs(leftover));
    if (!staged->adopted_) {
      return std::unexpected(
          Error::Make(Code::kItemForeign, "an object of another key or of other attributes bears the label '" +
                                              Printable(item.label) + "' and the id " + HexEncode(item.id)));
    }
  }
  return staged;
}

Status StagedVersion::Commit() {
  if (committed_) {
    return {};
  }
  if (!staged_.object().alive()) {
    return std::unexpected(Error::Make(Code::kTokenUncertain, "the session in which '" + Printable(item_.label) +
                                                                  "' was staged is gone: it must be staged again"));
  }
  // Another item of the same bundle may have been committed since this one was staged.
  KF_TRY(const ObjectIndex* index, context_->objects.Index());
  KF_TRY(const Situation situation, Assess(*index, item_, holding_));
  if (adopted_ && situation.leftover != nullptr) {
    committed_ = true;
    return {};
  }
  if (situation.leftover != nullptr) {
    return std::unexpected(Error::Make(
        Code::kItemExists, "'" + Printable(item_.label) + "' has a version " + HexEncode(item_.id) + " by now"));
  }
  KF_TRY(const CK_OBJECT_HANDLE object, Write());
  KF_CHECK(ReadBack(object));
  committed_ = true;
  staged_.object().Reset();
  return {};
}

Result<CK_OBJECT_HANDLE> StagedVersion::Write() {
  if (context_->profile.copy) {
    const ObjectEntry entry{
        .handle = 0, .object_class = staged_.plan().object_class(), .id = item_.id, .label = item_.label};
    return context_->objects.CopyToToken(staged_.object().get(), entry);
  }
  KF_TRY(const CK_OBJECT_HANDLE object, staged_.MakeInToken(StagingLabel(item_.label, item_.id)));
  KF_CHECK(context_->objects.Relabel(object, item_.label));
  return object;
}

Status StagedVersion::ReadBack(CK_OBJECT_HANDLE object) {
  KF_TRY(auto* session, context_->objects.Session());
  const auto difference = staged_.plan().Difference(*session, object, true);
  if (!difference) {
    context_->objects.ListAgain();
    return std::unexpected(AsUncertain(difference.error()));
  }
  if (!*difference) {
    return {};
  }
  KF_CHECK_WITH(context_->objects.Destroy(object), "destroying what read back wrong");
  return std::unexpected(
      Error::Make(Code::kReadBackWrong, std::string(Name(item_.object_class)) + " '" + Printable(item_.label) +
                                            "', in the token: " + **difference + "; it was destroyed again"));
}

Status StagedVersion::Undo() {
  if (holding_.current) {
    KF_CHECK_WITH(versions_.Show(holding_.current->id), "undoing an update");
  }
  KF_CHECK_WITH(versions_.Destroy(item_.id), "undoing an installation");
  committed_ = false;
  adopted_ = false;
  return {};
}

Status StagedVersion::Finish() {
  if (holding_.current) {
    KF_CHECK_WITH(versions_.Retire(holding_.current->id), "retiring the version before");
  }
  if (holding_.previous) {
    KF_CHECK_WITH(versions_.Destroy(holding_.previous->id), "destroying the version before the last");
  }
  return {};
}

target::Holding StagedVersion::After() const {
  const target::Evidence& seen = staged_.evidence();
  target::Holding after;
  after.current = target::Version{.id = item_.id,
                                  .key_type = item_.key_type,
                                  .key_bits = seen.key_bits,
                                  .usage = seen.usage,
                                  .check_method = seen.check_method,
                                  .check_value = seen.check_value};
  if (context_->settings.keep_previous && current_there_) {
    after.previous = holding_.current;
  }
  return after;
}

}  // namespace keyferry::hsm
