// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/policy.h"

#include <gtest/gtest.h>

namespace keyferry::worker {
namespace {

settings::SignerPolicy Narrow() {
  return {.label_prefixes = {"pay-", "card-"}, .key_types = {KeyType::kAes}, .operations = {Operation::kInstall}};
}

Item Asked(const std::string& label, Operation operation = Operation::kInstall) {
  Item item;
  item.label = label;
  item.operation = operation;
  return item;
}

TEST(Policy, FindsTheSignersOwnBeforeTheDefault) {
  settings::WorkerSettings settings;
  EXPECT_EQ(PolicyOf(settings, "kms"), nullptr);
  settings.policies["default"] = Narrow();
  EXPECT_EQ(PolicyOf(settings, "kms"), &settings.policies["default"]);
  settings.policies["kms"] = {};
  EXPECT_EQ(PolicyOf(settings, "kms"), &settings.policies["kms"]);
  EXPECT_EQ(PolicyOf(settings, "other"), &settings.policies["default"]);
}

TEST(Policy, AllowsWhatItNamesAndNothingElse) {
  const auto policy = Narrow();
  EXPECT_TRUE(CheckPolicy(&policy, "kms", Asked("pay-1"), KeyType::kAes));
  EXPECT_TRUE(CheckPolicy(&policy, "kms", Asked("card-"), KeyType::kAes));
  EXPECT_FALSE(CheckPolicy(&policy, "kms", Asked("pay"), KeyType::kAes));
  EXPECT_FALSE(CheckPolicy(&policy, "kms", Asked("x-pay-1"), KeyType::kAes));
  EXPECT_FALSE(CheckPolicy(&policy, "kms", Asked("pay-1"), KeyType::kRsa));
  EXPECT_FALSE(CheckPolicy(&policy, "kms", Asked("pay-1", Operation::kDelete), KeyType::kAes));
  EXPECT_FALSE(CheckPolicy(nullptr, "kms", Asked("pay-1"), KeyType::kAes));
}

TEST(Policy, TakesTheEmptyPrefixForEveryLabelAndNoPrefixForNone) {
  auto policy = Narrow();
  policy.label_prefixes = {""};
  EXPECT_TRUE(CheckPolicy(&policy, "kms", Asked("anything"), KeyType::kAes));
  policy.label_prefixes.clear();
  EXPECT_FALSE(CheckPolicy(&policy, "kms", Asked("anything"), KeyType::kAes));
}

TEST(Policy, NeverShowsControlCharactersOfALabel) {
  const auto policy = Narrow();
  const auto denied = CheckPolicy(&policy, "kms", Asked("evil\nline"), KeyType::kAes);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().what().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace keyferry::worker
