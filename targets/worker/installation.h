// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/settings/settings.h"
#include "protocol/wire/bundle.h"
#include "targets/target/target.h"
#include "targets/worker/ledger.h"

namespace keyferry::worker {

// What became of a bundle's items.
struct Installed {
  wire::Outcome outcome = wire::Outcome::kRefused;
  std::string code;  // of the first refusal; "partial" for a partial outcome
  std::string message;
  std::vector<wire::ItemOutcome> items;
  std::vector<HoldingChange> changes;                  // of the ledger; empty for a simulation
  std::uint64_t objects_gained = 0, objects_lost = 0;  // with a current version, by those changes
};

// The items of one bundle on their way into their targets: Stage, then (Commit, Finish), then Conclude. An item that is
// refused for good is noted and does not stop the others, unless the bundle is atomic. A function that returns an error
// met something that says nothing about the items (token away, uncertain): the bundle is to be tried again from the
// start, and nothing may be concluded. Body, targets and ledger are borrowed.
class Installation {
 public:
  Installation(const wire::BundleBody& body, std::span<target::Target* const> targets, Ledger& ledger);

  // Removes what an attempt that died left incomplete.
  Status Recover();
  // Policy, usage and everything else that changes nothing lasting.
  Status Stage(const settings::SignerPolicy* policy, const std::string& signer);
  // False where nothing would be changed: simulated, all refused, or one refused in an atomic bundle.
  bool HasWork() const;
  // Atomic: what was committed is undone, the last first, where one is refused.
  Status Commit();
  // Where an earlier attempt was begun and this one has no work: undoes what that one may have committed.
  Status TakeBack();
  // After the overlap: retires and destroys what is old, deletions last.
  Status Finish(Clock& clock);
  Installed Conclude() const;

 private:
  enum class Phase : std::uint8_t { kWaiting, kStaged, kCommitted, kFinished, kRefused, kUndone };
  struct Work {
    const Item* item = nullptr;
    ObjectName name;
    target::Target* target = nullptr;
    target::Holding before;
    std::unique_ptr<target::StagedItem> staged;
    Phase phase = Phase::kWaiting;
    std::optional<Error> refusal;
  };

  Status CheckItem(const Work& work, const settings::SignerPolicy* policy, const std::string& signer) const;
  Status StageOne(Work& work);
  Status FinishOne(Work& work);
  Status UndoCommitted();
  Status UndoOne(Work& work, Phase phase);
  bool AnyRefused() const;
  wire::ItemOutcome OutcomeOf(const Work& work) const;

  const wire::BundleBody* body_;
  std::vector<target::Target*> targets_;
  Ledger* ledger_;
  std::vector<Work> works_;
};

// "what: cause", printable, no longer than the wire takes.
std::string MessageOf(const Error& error);

}  // namespace keyferry::worker
