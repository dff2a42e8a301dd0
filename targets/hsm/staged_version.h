// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "targets/hsm/hsm_context.h"
#include "targets/hsm/staged_object.h"

namespace keyferry::hsm {

// Install and update: a new version, staged as a session object and copied to the token.
class StagedVersion : public target::StagedItem {
 public:
  // `kek`: the root key that unwraps it; 0 for public keys and certificates. The context must outlive it. Errors of
  // Assess and StagedObject::Make.
  static Result<std::unique_ptr<StagedVersion>> Make(HsmContext& context, CK_OBJECT_HANDLE kek, const Item& item,
                                                     const target::Holding& holding);

  const target::Evidence& evidence() const override { return staged_.evidence(); }
  Status Commit() override;
  Status Undo() override;
  Status Finish() override;
  bool NeedsOverlap() const override { return current_there_; }
  target::Holding After() const override;

 private:
  StagedVersion(HsmContext& context, const Item& item, const target::Holding& holding, StagedObject staged);

  Result<CK_OBJECT_HANDLE> Write();
  Status ReadBack(CK_OBJECT_HANDLE object);

  HsmContext* context_;
  Item item_;
  target::Holding holding_;
  StagedObject staged_;
  Versions versions_;
  bool current_there_ = false;
  bool adopted_ = false;  // an earlier attempt left it, complete
  bool committed_ = false;
};

}  // namespace keyferry::hsm
