// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/recovery.h"

#include "protocol/base/log.h"
#include "targets/hsm/key_proof.h"
#include "targets/hsm/situation.h"

namespace keyferry::hsm {
namespace {

Status RemoveUnreadable(HsmContext& context) {
  KF_TRY(const ObjectIndex* index, context.objects.Index());
  std::vector<CK_OBJECT_HANDLE> handles;
  for (const ObjectEntry* entry : index->Unreadable()) {
    handles.push_back(entry->handle);
  }
  if (handles.empty()) {
    return {};
  }
  if (!context.settings.exclusive) {
    Log(LogLevel::kWarning, "token holds objects that cannot be read; settings do not call it ours alone, so they stay",
        {{"objects", handles.size()}});
    return {};
  }
  for (const CK_OBJECT_HANDLE handle : handles) {
    KF_CHECK_WITH(context.objects.Destroy(handle), "removing an object that cannot be read");
  }
  return {};
}

// A failure that says something about the object, not about the token.
template <typename T>
Result<bool> Holds(const Result<T>& result) {
  if (result) {
    return true;
  }
  return result.error().retry() == Retry::kPermanent ? Result<bool>(false) : std::unexpected(result.error());
}

Result<bool> KeyIsRight(cryptoki::Session& session, const Item& item, const ObjectPlan& plan, CK_OBJECT_HANDLE object) {
  const ProvableKey key{.handle = object, .plan = &plan, .throw_away = ByCopy(session, object)};
  if (item.object_class == ObjectClass::kPrivateKey) {
    return Holds(ProvePrivateKey(session, key, item.public_key));
  }
  if (item.object_class != ObjectClass::kSecretKey) {
    return true;
  }
  if (item.check_method == CheckMethod::kNone) {
    return false;  // there is nothing to hold it against: it is made again
  }
  const auto seen = CheckValueOf(session, key, item.check_method);
  KF_TRY(const bool works, Holds(seen));
  return works && Equal(*seen, item.check_value);
}

Result<bool> IsComplete(HsmContext& context, const Item& item, const ObjectEntry& entry) {
  auto plan = ObjectPlan::Of(item, context.profile);
  if (!plan) {
    return false;  // such an item is refused before anything is made of it
  }
  KF_TRY(auto* session, context.objects.Session());
  KF_TRY(const auto difference, plan->Difference(*session, entry.handle, true));
  if (difference) {
    return false;
  }
  return KeyIsRight(*session, item, *plan, entry.handle);
}

Status RemoveIncompleteOf(HsmContext& context, const Item& item) {
  KF_TRY(const ObjectIndex* index, context.objects.Index());
  std::vector<ObjectEntry> suspects;
  for (const ObjectEntry* entry : index->AllById(CkoOf(item.object_class), item.id)) {
    const bool ours =
        entry->label.empty() || entry->label == item.label || entry->label == StagingLabel(item.label, item.id);
    if (ours) {
      suspects.push_back(*entry);
    }
  }
  for (const ObjectEntry& suspect : suspects) {
    KF_TRY(const bool complete, IsComplete(context, item, suspect));
    if (!complete) {
      KF_CHECK_WITH(context.objects.Destroy(suspect.handle), "removing what an earlier attempt left incomplete");
    }
  }
  return {};
}

}  // namespace

Status RemoveIncomplete(HsmContext& context, std::span<const Item> items) {
  KF_CHECK(RemoveUnreadable(context));
  for (const Item& item : items) {
    if (!item.id.empty() && (item.operation == Operation::kInstall || item.operation == Operation::kUpdate)) {
      KF_CHECK(RemoveIncompleteOf(context, item));
    }
  }
  return {};
}

}  // namespace keyferry::hsm
