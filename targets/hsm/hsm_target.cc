// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/hsm_target.h"

#include "targets/hsm/item_checks.h"
#include "targets/hsm/recovery.h"
#include "targets/hsm/staged_removal.h"
#include "targets/hsm/staged_rollback.h"
#include "targets/hsm/staged_version.h"

namespace keyferry::hsm {

HsmTarget::HsmTarget(SessionSource session, cryptoki::TokenProfile profile, RootKeks keks, HsmSettings settings)
    : context_{.objects = TokenObjects(std::move(session)), .profile = profile, .settings = std::move(settings)},
      keks_(std::move(keks)),
      generation_(keks_.rbegin()->first) {}

Result<std::unique_ptr<HsmTarget>> HsmTarget::Make(SessionSource session, cryptoki::TokenProfile profile, RootKeks keks,
                                                   HsmSettings settings) {
  if (keks.empty()) {
    return std::unexpected(Error::Make(Code::kNotBootstrapped, "target '" + settings.name + "' has no root keys"));
  }
  if (!profile.template_enforced && !settings.accept_unenforced_template) {
    return std::unexpected(Error::Make(Code::kTemplateUnenforced,
                                       "the token of target '" + settings.name +
                                           "' does not enforce CKA_UNWRAP_TEMPLATE: who knows the PIN can unwrap a "
                                           "captured key into a readable one"));
  }
  if (!profile.sensitive_honoured) {
    return std::unexpected(Error::Make(Code::kReadBackWrong, "the token of target '" + settings.name +
                                                                 "' shows the value of a key that is sensitive"));
  }
  return std::unique_ptr<HsmTarget>(new HsmTarget(std::move(session), profile, std::move(keks), std::move(settings)));
}

Result<std::unique_ptr<target::StagedItem>> HsmTarget::Stage(const Item& item, const target::Holding& holding) {
  KF_CHECK(CheckItem(item, context_.profile));
  switch (item.operation) {
    case Operation::kInstall:
    case Operation::kUpdate:
      return StageVersion(item, holding);
    case Operation::kDelete:
      return StagedRemoval::Make(context_, item, holding);
    case Operation::kRollback:
      return StagedRollback::Make(context_, item, holding);
  }
  return std::unexpected(Error::Make(Code::kItemInvalid, "an operation that is not known"));
}

Result<std::unique_ptr<target::StagedItem>> HsmTarget::StageVersion(const Item& item, const target::Holding& holding) {
  const auto attempt = [&]() -> Result<std::unique_ptr<StagedVersion>> {
    KF_TRY(const ObjectIndex* index, context_.objects.Index());
    KF_TRY(const CK_OBJECT_HANDLE kek, KekFor(*index, keks_, generation_, item));
    return StagedVersion::Make(context_, kek, item, holding);
  };
  auto staged = attempt();
  if (!staged && staged.error().code() == Code::kObjectMissing) {
    // A handle of the index went stale: somebody else changed the token. Look again, once.
    context_.objects.ListAgain();
    staged = attempt();
  }
  return staged;
}

Status HsmTarget::Recover(std::span<const Item> items) {
  // What an attempt left is only seen by looking again.
  context_.objects.ListAgain();
  return RemoveIncomplete(context_, items);
}

}  // namespace keyferry::hsm
