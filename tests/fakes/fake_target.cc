// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/fake_target.h"

#include <utility>

namespace keyferry::fakes {

class FakeStaged final : public target::StagedItem {
 public:
  FakeStaged(FakeTarget& target, Item item, target::Holding holding)
      : target_(&target), item_(std::move(item)), holding_(std::move(holding)) {
    evidence_.check_method = CheckMethod::kEcb0;
    evidence_.check_value = {1, 2, 3};
    evidence_.key_bits = item_.key_bits;
    evidence_.sensitive = true;
  }

  const target::Evidence& evidence() const override { return evidence_; }

  Status Commit() override {
    KF_CHECK(target_->Called("commit", item_.label));
    if (Brings()) target_->objects_[item_.id] = {.label = item_.label, .shown = true};
    if (item_.operation == Operation::kRollback) target_->objects_[holding_.previous->id].shown = true;
    return {};
  }

  Status Undo() override {
    KF_CHECK(target_->Called("undo", item_.label));
    if (Brings()) target_->objects_.erase(item_.id);
    if (item_.operation == Operation::kRollback) target_->objects_[holding_.previous->id].shown = false;
    return {};
  }

  Status Finish() override {
    KF_CHECK(target_->Called("finish", item_.label));
    if (item_.operation == Operation::kDelete) {
      if (holding_.current) target_->objects_.erase(holding_.current->id);
      if (holding_.previous) target_->objects_.erase(holding_.previous->id);
    } else if (holding_.current) {
      target_->objects_[holding_.current->id].shown = false;
    }
    return {};
  }

  bool NeedsOverlap() const override { return Brings() && holding_.current.has_value(); }

  target::Holding After() const override {
    target::Holding after;
    if (item_.operation == Operation::kDelete) return after;
    after.previous = holding_.current;
    if (Brings()) {
      after.current = target::Version{.id = item_.id,
                                      .key_type = item_.key_type,
                                      .key_bits = item_.key_bits,
                                      .usage = item_.usage,
                                      .check_method = evidence_.check_method,
                                      .check_value = evidence_.check_value};
    } else {
      after.current = holding_.previous;
    }
    return after;
  }

 private:
  bool Brings() const { return item_.operation == Operation::kInstall || item_.operation == Operation::kUpdate; }

  FakeTarget* target_;
  Item item_;
  target::Holding holding_;
  target::Evidence evidence_;
};

void FakeTarget::FailNext(const std::string& call, const std::string& label, Error error, int times) {
  failures_.insert_or_assign(call + " " + label, Failure{.error = std::move(error), .times = times});
}

std::vector<Bytes> FakeTarget::Shown(const std::string& label) const {
  std::vector<Bytes> shown;
  for (const auto& [id, object] : objects_) {
    if (object.label == label && object.shown) shown.push_back(id);
  }
  return shown;
}

Status FakeTarget::Called(const std::string& call, const std::string& label) {
  const std::string name = call + " " + label;
  calls_.push_back(name);
  const auto failure = failures_.find(name);
  if (failure == failures_.end()) return {};
  Error error = failure->second.error;
  if (--failure->second.times == 0) failures_.erase(failure);
  return std::unexpected(std::move(error));
}

Result<std::unique_ptr<target::StagedItem>> FakeTarget::Stage(const Item& item, const target::Holding& holding) {
  KF_CHECK(Called("stage", item.label));
  const bool held = holding.current.has_value();
  if (item.operation == Operation::kInstall && held) {
    return std::unexpected(Error::Make(Code::kItemExists, "'" + item.label + "' is installed"));
  }
  if (item.operation != Operation::kInstall && !held) {
    return std::unexpected(Error::Make(Code::kItemMissing, "'" + item.label + "' is not installed"));
  }
  if (item.operation == Operation::kRollback && !holding.previous) {
    return std::unexpected(Error::Make(Code::kItemNoPrevious, "'" + item.label + "' has no version before"));
  }
  return std::make_unique<FakeStaged>(*this, item, holding);
}

Status FakeTarget::Recover(std::span<const Item> items) {
  calls_.push_back("recover " + std::to_string(items.size()));
  return {};
}

}  // namespace keyferry::fakes
