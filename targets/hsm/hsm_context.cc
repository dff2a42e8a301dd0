// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/hsm_context.h"

#include "targets/hsm/situation.h"

namespace keyferry::hsm {

Result<const ObjectEntry*> Versions::Find(const Bytes& id) {
  KF_TRY(const ObjectIndex* index, context_->objects.Index());
  for (const ObjectEntry* entry : index->AllById(CkoOf(object_class_), id)) {
    if (entry->label == label_ || entry->label == RetiredLabel(label_, id) ||
        entry->label == StagingLabel(label_, id)) {
      return entry;
    }
  }
  return nullptr;
}

Result<bool> Versions::IsThere(const Bytes& id) {
  KF_TRY(const ObjectEntry* entry, Find(id));
  return entry != nullptr;
}

Status Versions::Show(const Bytes& id) {
  KF_TRY(const ObjectEntry* entry, Find(id));
  if (entry == nullptr || entry->label == label_) {
    return {};
  }
  return context_->objects.Relabel(entry->handle, label_);
}

Status Versions::Hide(const Bytes& id) {
  KF_TRY(const ObjectEntry* entry, Find(id));
  if (entry == nullptr || entry->label != label_) {
    return {};
  }
  return context_->objects.Relabel(entry->handle, RetiredLabel(label_, id));
}

Status Versions::Retire(const Bytes& id) { return context_->settings.keep_previous ? Hide(id) : Destroy(id); }

Status Versions::Destroy(const Bytes& id) {
  KF_TRY(const ObjectEntry* entry, Find(id));
  return entry == nullptr ? Status() : context_->objects.Destroy(entry->handle);
}

}  // namespace keyferry::hsm
