// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "targets/hsm/hsm_context.h"

namespace keyferry::hsm {

// Delete: nothing happens before Finish, which destroys every version and sees that it is gone. A version that the
// ledger knows and the token does not hold any more counts as destroyed.
class StagedRemoval : public target::StagedItem {
 public:
  static Result<std::unique_ptr<StagedRemoval>> Make(HsmContext& context, const Item& item,
                                                     const target::Holding& holding);

  const target::Evidence& evidence() const override { return evidence_; }
  Status Commit() override { return {}; }
  Status Undo() override { return {}; }
  Status Finish() override;
  // Nothing takes the place of the key, so that there is nothing to wait for.
  bool NeedsOverlap() const override { return false; }
  target::Holding After() const override { return {}; }

 private:
  StagedRemoval(HsmContext& context, const Item& item, const target::Holding& holding)
      : holding_(holding), versions_(context, item.object_class, item.label) {}

  target::Holding holding_;
  Versions versions_;
  target::Evidence evidence_;
};

}  // namespace keyferry::hsm
