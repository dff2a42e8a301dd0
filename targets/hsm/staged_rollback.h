// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "targets/hsm/hsm_context.h"

namespace keyferry::hsm {

// Rollback: the retired version gets the label back, then the current one is retired; they have changed places.
class StagedRollback : public target::StagedItem {
 public:
  // Errors of Assess; kReadBackWrong, kCheckValueWrong where the kept version is not what the ledger says of it.
  static Result<std::unique_ptr<StagedRollback>> Make(HsmContext& context, const Item& item,
                                                      const target::Holding& holding);

  // The check value is seen anew where the token lets it be; else it is left out (CheckMethod::kNone).
  const target::Evidence& evidence() const override { return evidence_; }
  Status Commit() override;
  Status Undo() override;
  Status Finish() override;
  bool NeedsOverlap() const override { return current_there_; }
  target::Holding After() const override;

 private:
  StagedRollback(HsmContext& context, const Item& item, const target::Holding& holding)
      : context_(&context), item_(item), holding_(holding), versions_(context, item.object_class, item.label) {}
  Status Look(CK_OBJECT_HANDLE object, const std::string& label);
  Status LookAtKey(cryptoki::Session& session, CK_OBJECT_HANDLE object);

  HsmContext* context_;
  Item item_;
  target::Holding holding_;
  Versions versions_;
  target::Evidence evidence_;
  bool current_there_ = false;
};

}  // namespace keyferry::hsm
