// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/staged_removal.h"

#include "targets/hsm/situation.h"

namespace keyferry::hsm {

Result<std::unique_ptr<StagedRemoval>> StagedRemoval::Make(HsmContext& context, const Item& item,
                                                           const target::Holding& holding) {
  KF_TRY(const ObjectIndex* index, context.objects.Index());
  KF_CHECK(Assess(*index, item, holding));
  return std::unique_ptr<StagedRemoval>(new StagedRemoval(context, item, holding));
}

Status StagedRemoval::Finish() {
  // The older one first: what a crash leaves in between is still known by the current one.
  for (const auto* version : {&holding_.previous, &holding_.current}) {
    if (*version) {
      KF_CHECK_WITH(versions_.Destroy((*version)->id), "destroying a version");
    }
  }
  return {};
}

}  // namespace keyferry::hsm
