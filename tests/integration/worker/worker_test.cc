// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/integration/worker/worker_world.h"

namespace keyferry::worker {
namespace {

using channel::Disposition;
using channel::WorkerCondition;
using Strings = std::vector<std::string>;

constexpr std::chrono::milliseconds kAmple{120'000};

TEST(Worker, WaitsForTheBootstrapThenInstallsOnceAcrossKills) {
  WorkerWorld world;
  world.Start();
  world.WaitFor(WorkerCondition::kNotBootstrapped);
  EXPECT_EQ(world.client().Execute(Bytes{1}, kAmple)->disposition, Disposition::kRetry);
  EXPECT_FALSE(Exists(world.state_dir() + "/lock")) << "the ceremony needs the lock";

  // The worker sees the record by itself, and finds the new objects in a token that it had not opened.
  world.Bootstrap();
  const auto state = world.WaitFor(WorkerCondition::kServing);
  EXPECT_EQ(state.domain, world.record().domain);
  EXPECT_EQ(state.generation, 1U);
  EXPECT_EQ(state.token_label, "payments");
  EXPECT_TRUE(state.template_enforced);

  const Item key = world.NewKey("card-1");
  const Bytes first = world.Seal(1, {key});
  const auto statement = world.Execute(first);
  EXPECT_EQ(statement.outcome, wire::Outcome::kOk) << statement.message;
  ASSERT_EQ(statement.items.size(), 1U);
  EXPECT_EQ(statement.items[0].evidence.check_value, key.check_value);
  EXPECT_TRUE(statement.items[0].evidence.sensitive);
  EXPECT_FALSE(statement.items[0].evidence.extractable);

  const auto answer = world.client().Execute(first, kAmple);
  world.Kill();
  world.Start();
  world.WaitFor(WorkerCondition::kServing);
  const auto again = world.client().Execute(first, kAmple);
  ASSERT_TRUE(answer && again);
  EXPECT_EQ(again->statement, answer->statement);
  EXPECT_EQ(again->signature, answer->signature);

  Item update = world.NewKey("card-1");
  update.operation = Operation::kUpdate;
  update.expected_id = key.id;
  EXPECT_EQ(world.Execute(world.Seal(2, {world.NewKey("card-2"), update})).outcome, wire::Outcome::kOk);
  EXPECT_EQ(world.Execute(world.Seal(3, {world.NewKey("card-3")}, true)).simulated, true);
  EXPECT_EQ(world.client().State(kAmple)->objects, 2U);
  EXPECT_EQ(world.Stop(), 0);
  const auto labels = world.LabelsInTarget();
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[0], "card-1");
  EXPECT_TRUE(labels[1].starts_with("card-1 (retired ")) << labels[1];
  EXPECT_EQ(labels[2], "card-2");
}

TEST(Worker, MakesOneTryWithAWrongPinUntilTheLatchIsOpened) {
  WorkerWorld world;
  world.Bootstrap();
  world.WritePin("0000000000");
  world.Start();
  EXPECT_EQ(world.WaitFor(WorkerCondition::kLatched).code, "credential.pin-wrong");
  EXPECT_EQ(world.Stop(), 0);
  world.WritePin("1234567890");
  world.Start();
  EXPECT_EQ(world.WaitFor(WorkerCondition::kLatched).code, "credential.latched") << "across restarts";
  ASSERT_TRUE(world.client().OpenLatch(kAmple));
  world.WaitFor(WorkerCondition::kServing);
  EXPECT_EQ(world.Execute(world.Seal(1, {world.NewKey("card-1")})).outcome, wire::Outcome::kOk);
}

TEST(Worker, PutsAnEmptiedTokenObjectBack) {
  WorkerWorld world;
  world.Bootstrap();
  std::filesystem::resize_file(world.TokenObject(), 0);
  world.Start();
  world.WaitFor(WorkerCondition::kServing);
  EXPECT_NE(world.Log().find("its copy was put back"), std::string::npos);
}

TEST(Worker, ExecutesNothingWhereARootKeyIsGone) {
  WorkerWorld world;
  world.Bootstrap();
  const Bytes envelope = world.Seal(1, {world.NewKey("card-1")});
  world.DestroyInTarget(record::RootLabel(record::RootKey::kPrivate, 1));
  world.Start();
  EXPECT_EQ(world.WaitFor(WorkerCondition::kStopped).code, "trust.root-key-changed");
  EXPECT_EQ(world.client().Execute(envelope, kAmple)->disposition, Disposition::kRetry);
  EXPECT_EQ(world.Stop(), 0);
  EXPECT_TRUE(world.LabelsInTarget().empty());
}

TEST(Worker, SaysInTheTokensNameThatASealIsWrongAndUsesNoNumberUp) {
  WorkerWorld world;
  world.Bootstrap();
  world.Start();
  world.WaitFor(WorkerCondition::kServing);
  const auto statement = world.Execute(world.SealWithoutTwin(1, {world.NewKey("card-1")}));
  EXPECT_EQ(statement.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(statement.code, "trust.seal-wrong");
  EXPECT_EQ(world.Execute(world.Seal(1, {world.NewKey("card-2")})).outcome, wire::Outcome::kOk);
  EXPECT_EQ(world.Stop(), 0);
  EXPECT_EQ(world.LabelsInTarget(), Strings{"card-2"});
}

TEST(Worker, InstallsEachKeyOnceHoweverOftenItIsKilled) {
  WorkerWorld world;
  world.Bootstrap();
  constexpr int kRounds = 6;
  constexpr int kKeys = 12;
  Strings expected;
  for (int round = 1; round <= kRounds; ++round) {
    std::vector<Item> items;
    for (int i = 0; i < kKeys; ++i) {
      expected.push_back("card-" + std::to_string(round * 100 + i));
      items.push_back(world.NewKey(expected.back()));
    }
    const Bytes envelope = world.Seal(static_cast<std::uint64_t>(round), std::move(items));
    world.Start();
    world.WaitFor(WorkerCondition::kServing);
    std::jthread killer([&] {
      // Somewhere within the bundle; each round somewhere else.
      std::this_thread::sleep_for(std::chrono::milliseconds(7 * round));
      world.Kill();
    });
    const auto lost = world.client().Execute(envelope, kAmple);
    killer.join();
    SCOPED_TRACE("round " + std::to_string(round) + (lost ? ": concluded before the kill" : ": killed within it"));
    world.Start();
    world.WaitFor(WorkerCondition::kServing);
    const auto statement = world.Execute(envelope);
    EXPECT_EQ(statement.outcome, wire::Outcome::kOk) << statement.message;
    EXPECT_EQ(world.Stop(), 0);
  }
  std::ranges::sort(expected);
  EXPECT_EQ(world.LabelsInTarget(), expected);
}

}  // namespace
}  // namespace keyferry::worker
