// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/installation.h"

#include <algorithm>
#include <ranges>

#include "targets/worker/policy.h"

namespace keyferry::worker {
namespace {

constexpr std::size_t kMessageMost = 300;

bool IsRefusal(const Error& error) { return error.retry() == Retry::kPermanent; }

bool BringsKey(const Item& item) {
  return item.operation == Operation::kInstall || item.operation == Operation::kUpdate;
}

bool Bears(const std::optional<target::Version>& version, const Bytes& id) { return version && version->id == id; }

wire::Evidence ToWire(const target::Evidence& seen) {
  return {.check_method = seen.check_method,
          .check_value = seen.check_value,
          .key_bits = seen.key_bits,
          .usage = seen.usage,
          .sensitive = seen.sensitive,
          .extractable = seen.extractable};
}

}  // namespace

std::string MessageOf(const Error& error) {
  return Printable(error.cause().empty() ? error.what() : error.what() + ": " + error.cause(), kMessageMost);
}

Installation::Installation(const wire::BundleBody& body, std::span<target::Target* const> targets, Ledger& ledger)
    : body_(&body), targets_(targets.begin(), targets.end()), ledger_(&ledger), works_(body.items.size()) {
  for (std::size_t i = 0; i < works_.size(); ++i) {
    const Item& item = body.items[i];
    works_[i].item = &item;
    works_[i].name = {.target = item.target, .object_class = item.object_class, .label = item.label};
    const auto found = std::ranges::find(targets_, item.target, &target::Target::name);
    works_[i].target = found == targets_.end() ? nullptr : *found;
  }
}

Status Installation::Recover() {
  for (target::Target* target : targets_) {
    std::vector<Item> items;
    for (const Work& work : works_) {
      if (work.target != target) continue;
      // An item that reuses the id of a version that stands in the ledger was refused, and left nothing: what bears
      // that id is the version itself.
      KF_TRY(const target::Holding holding, ledger_->HoldingOf(work.name));
      if (!Bears(holding.current, work.item->id) && !Bears(holding.previous, work.item->id)) {
        items.push_back(*work.item);
      }
    }
    if (!items.empty()) KF_CHECK_WITH(target->Recover(items), "recovering what an earlier attempt left");
  }
  return {};
}

Status Installation::CheckItem(const Work& work, const settings::SignerPolicy* policy,
                               const std::string& signer) const {
  const Item& item = *work.item;
  if (work.target == nullptr) {
    return std::unexpected(
        Error::Make(Code::kTargetUnknown, "target '" + Printable(item.target) + "' is not one of this domain"));
  }
  const bool held = work.before.current.has_value();
  KF_CHECK(CheckPolicy(policy, signer, item, !BringsKey(item) && held ? work.before.current->key_type : item.key_type));
  return CheckUsage(item);
}

Status Installation::StageOne(Work& work) {
  auto staged = work.target->Stage(*work.item, work.before);
  if (!staged) return std::unexpected(std::move(staged).error());
  work.staged = std::move(*staged);
  work.phase = Phase::kStaged;
  return {};
}

Status Installation::Stage(const settings::SignerPolicy* policy, const std::string& signer) {
  for (Work& work : works_) {
    KF_TRY(work.before, ledger_->HoldingOf(work.name));
    Status done = CheckItem(work, policy, signer);
    if (done) done = StageOne(work);
    if (done) continue;
    if (!IsRefusal(done.error())) return done;
    work.refusal = std::move(done).error();
    work.phase = Phase::kRefused;
  }
  return {};
}

bool Installation::AnyRefused() const {
  return std::ranges::any_of(works_, [](const Work& work) { return work.refusal.has_value(); });
}

bool Installation::HasWork() const {
  if (body_->simulate || (body_->atomic && AnyRefused())) return false;
  return std::ranges::any_of(works_, [](const Work& work) { return work.phase == Phase::kStaged; });
}

Status Installation::UndoOne(Work& work, Phase phase) {
  auto undone = work.staged->Undo();
  // A target that cannot undo has to be looked at again: nothing may be concluded from here.
  if (!undone) return std::unexpected(std::move(undone).error().While("undoing").Retryable(Retry::kUncertain));
  work.phase = phase;
  return {};
}

Status Installation::UndoCommitted() {
  for (Work& work : works_ | std::views::reverse) {
    if (work.phase == Phase::kCommitted) KF_CHECK(UndoOne(work, Phase::kUndone));
  }
  return {};
}

Status Installation::Commit() {
  for (Work& work : works_) {
    if (work.phase != Phase::kStaged) continue;
    Status committed = work.staged->Commit();
    if (committed) {
      work.phase = Phase::kCommitted;
      continue;
    }
    if (!IsRefusal(committed.error())) return committed;
    KF_CHECK(UndoOne(work, Phase::kRefused));
    work.refusal = std::move(committed).error();
    if (body_->atomic) return UndoCommitted();
  }
  return {};
}

Status Installation::TakeBack() {
  for (Work& work : works_) {
    if (work.phase != Phase::kStaged) continue;
    // Committing first brings the item into a state that Undo knows, whatever the earlier attempt left.
    if (const Status committed = work.staged->Commit(); !committed && !IsRefusal(committed.error())) return committed;
    work.phase = Phase::kCommitted;
  }
  return UndoCommitted();
}

Status Installation::FinishOne(Work& work) {
  Status finished = work.staged->Finish();
  if (finished) {
    work.phase = Phase::kFinished;
    return {};
  }
  // Only a deletion can be refused here and leave everything as it was.
  if (!IsRefusal(finished.error()) || work.item->operation != Operation::kDelete) {
    return std::unexpected(std::move(finished).error().While("finishing").Retryable(Retry::kUncertain));
  }
  work.refusal = std::move(finished).error();
  work.phase = Phase::kRefused;
  return {};
}

Status Installation::Finish(Clock& clock) {
  std::chrono::milliseconds overlap{0};
  for (const Work& work : works_) {
    if (work.phase == Phase::kCommitted && work.staged->NeedsOverlap()) {
      overlap = std::max(overlap, work.target->overlap());
    }
  }
  if (overlap.count() > 0) clock.SleepFor(overlap);
  for (const bool deletions : {false, true}) {
    for (Work& work : works_) {
      const bool is_deletion = work.item->operation == Operation::kDelete;
      if (work.phase == Phase::kCommitted && is_deletion == deletions) KF_CHECK(FinishOne(work));
    }
  }
  return {};
}

wire::ItemOutcome Installation::OutcomeOf(const Work& work) const {
  const Item& item = *work.item;
  wire::ItemOutcome outcome{.operation = item.operation,
                            .target = item.target,
                            .object_class = item.object_class,
                            .label = item.label,
                            .id = work.before.current ? work.before.current->id : Bytes{},
                            .result = wire::ItemResult::kRefused,
                            .code = {},
                            .message = {},
                            .evidence = {}};
  if (work.refusal) {
    outcome.code = Name(work.refusal->code());
    outcome.message = MessageOf(*work.refusal);
  } else if (work.phase == Phase::kFinished || (body_->simulate && !(body_->atomic && AnyRefused()))) {
    outcome.result = wire::ItemResult::kOk;
    const target::Holding after = work.staged->After();
    outcome.id = after.current ? after.current->id : Bytes{};
    if (item.operation != Operation::kDelete) outcome.evidence = ToWire(work.staged->evidence());
  } else {
    outcome.result = wire::ItemResult::kUndone;
    outcome.code = Name(Code::kItemUndone);
    outcome.message = "undone with the item that was refused";
  }
  return outcome;
}

Installed Installation::Conclude() const {
  Installed installed;
  std::size_t ok = 0;
  for (const Work& work : works_) {
    installed.items.push_back(OutcomeOf(work));
    if (work.phase == Phase::kFinished) {
      const target::Holding after = work.staged->After();
      if (after.current && !work.before.current) ++installed.objects_gained;
      if (!after.current && work.before.current) ++installed.objects_lost;
      installed.changes.push_back({.name = work.name, .holding = after});
    }
    if (installed.items.back().result == wire::ItemResult::kOk) ++ok;
    if (work.refusal && installed.code.empty()) {
      installed.code = Name(work.refusal->code());
      installed.message = MessageOf(*work.refusal);
    }
  }
  if (ok == works_.size()) {
    installed.outcome = wire::Outcome::kOk;
  } else if (ok > 0) {
    installed.outcome = wire::Outcome::kPartial;
    installed.code = Name(Code::kPartial);
    installed.message = std::to_string(ok) + " of " + std::to_string(works_.size()) + " items are as asked";
  }
  return installed;
}

}  // namespace keyferry::worker
