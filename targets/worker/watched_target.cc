// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/watched_target.h"

#include <utility>

namespace keyferry::worker {
namespace {

using Watch = Watchdog::Watch;

// Recovering looks at every object of the target.
constexpr int kManyCalls = 10;

class WatchedItem final : public target::StagedItem {
 public:
  WatchedItem(std::unique_ptr<StagedItem> item, Watchdog& dog) : item_(std::move(item)), dog_(&dog) {}
  ~WatchedItem() override {
    const Watch watch(*dog_);
    item_.reset();
  }

  const target::Evidence& evidence() const override { return item_->evidence(); }
  Status Commit() override {
    const Watch watch(*dog_);
    return item_->Commit();
  }
  Status Undo() override {
    const Watch watch(*dog_);
    return item_->Undo();
  }
  Status Finish() override {
    const Watch watch(*dog_);
    return item_->Finish();
  }
  bool NeedsOverlap() const override { return item_->NeedsOverlap(); }
  target::Holding After() const override { return item_->After(); }

 private:
  std::unique_ptr<StagedItem> item_;
  Watchdog* dog_;
};

class WatchedTarget final : public target::Target {
 public:
  WatchedTarget(std::unique_ptr<Target> target, Watchdog& dog) : target_(std::move(target)), dog_(&dog) {}

  std::string_view name() const override { return target_->name(); }
  std::string_view kind() const override { return target_->kind(); }
  std::chrono::milliseconds overlap() const override { return target_->overlap(); }
  Result<std::unique_ptr<target::StagedItem>> Stage(const Item& item, const target::Holding& holding) override {
    const Watch watch(*dog_);
    KF_TRY(auto staged, target_->Stage(item, holding));
    return std::make_unique<WatchedItem>(std::move(staged), *dog_);
  }
  Status Recover(std::span<const Item> items) override {
    const Watch watch(*dog_, kManyCalls);
    return target_->Recover(items);
  }
  void UseGeneration(std::uint32_t generation) override { target_->UseGeneration(generation); }
  void Invalidate() override { target_->Invalidate(); }

 private:
  std::unique_ptr<Target> target_;
  Watchdog* dog_;
};

}  // namespace

std::unique_ptr<target::Target> MakeWatchedTarget(std::unique_ptr<target::Target> target, Watchdog& dog) {
  return std::make_unique<WatchedTarget>(std::move(target), dog);
}

}  // namespace keyferry::worker
