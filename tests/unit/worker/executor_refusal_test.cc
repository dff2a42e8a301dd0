// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"
#include "tests/unit/worker/executor_fixture.h"

namespace keyferry::worker {
namespace {

using Strings = std::vector<std::string>;

// What the daemon should have refused, and what only the worker can: it is given directly to the executor.
class ExecutorRefusalTest : public ExecutorTest {
 protected:
  void TearDown() override { EXPECT_TRUE(target_.objects().empty()) << "a refused bundle left something"; }
};

TEST_F(ExecutorRefusalTest, SignsNothingForAStranger) {
  EXPECT_EQ(RefusalOf(Seal(Body(1, {Install("one", 1)}), stranger_, seal_in_)), "trust.signer-unknown");
  EXPECT_TRUE(target_.calls().empty());
}

TEST_F(ExecutorRefusalTest, RefusesABitFlippedAnywhere) {
  const Bytes envelope = Seal(Body(1, {Install("one", 1)}));
  for (std::size_t at = 0; at < envelope.size(); ++at) {
    Bytes changed = envelope;
    changed[at] ^= 0x10;
    const std::string code = RefusalOf(changed);
    EXPECT_TRUE(code.starts_with("trust.") || code.starts_with("wire.")) << "octet " << at << ": " << code;
  }
  EXPECT_TRUE(target_.calls().empty());
  EXPECT_FALSE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1})).has_value());
}

TEST_F(ExecutorRefusalTest, RefusesAnotherAgentAndAnotherDomain) {
  auto body = Body(1, {Install("one", 1)});
  body.agent = {0xA2};
  EXPECT_EQ(RefusalOf(Seal(body)), "trust.wrong-agent");
  body = Body(1, {Install("one", 1)});
  body.domain = {0xD2};
  EXPECT_EQ(RefusalOf(Seal(body)), "trust.wrong-domain");
}

TEST_F(ExecutorRefusalTest, SaysThatTheSealIsWrongAndUsesUpNoNumber) {
  const auto statement = Concluded(Seal(Body(1, {Install("one", 1)}), signer_, other_seal_));
  EXPECT_EQ(statement.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(statement.code, "trust.seal-wrong");
  EXPECT_EQ(statement.sequence, 1U);
  EXPECT_FALSE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1})).has_value());
  EXPECT_TRUE(target_.calls().empty());
}

TEST_F(ExecutorRefusalTest, RefusesAGenerationThatDoesNotServe) {
  auto body = Body(1, {Install("one", 1)});
  body.generation = 2;
  EXPECT_EQ(Conclude(body).code, "trust.wrong-generation");
  EXPECT_FALSE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1})).has_value());
}

TEST_F(ExecutorRefusalTest, ConcludesNothingWhereTheTokenCannotTellTheSeal) {
  seal_in_.failure = kAway;
  const auto answer = Execute(Seal(Body(1, {Install("one", 1)})));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTokenFailed);
}

TEST_F(ExecutorRefusalTest, ConcludesExpiredAndRemembersIt) {
  auto body = Body(1, {Install("one", 1)});
  body.install_before = clock_.now - 1;
  const auto statement = Conclude(body);
  EXPECT_EQ(statement.outcome, wire::Outcome::kExpired);
  EXPECT_EQ(statement.code, "time.expired");
  EXPECT_TRUE(target_.calls().empty());
  EXPECT_TRUE((*ledger_->Find({.signer = domain_.signers[0].id, .sequence = 1}))->done);
}

TEST_F(ExecutorRefusalTest, HoldsDatedBundlesBackWhereTheClockWentBack) {
  Conclude(Body(1, {Delete("none", 1)}));
  auto body = Body(2, {Install("one", 2)});
  body.install_before = clock_.now + 10;
  clock_.now -= 301;
  const auto answer = Execute(Seal(body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kClockBehind);
}

TEST_F(ExecutorRefusalTest, KeepsToThePolicyOfTheSigner) {
  settings_.policies["default"] = {
      .label_prefixes = {"pay-"}, .key_types = {KeyType::kAes}, .operations = {Operation::kInstall}};
  Item generic = Install("pay-1", 2);
  generic.key_type = KeyType::kGenericSecret;
  generic.check_method = CheckMethod::kHmac;
  generic.check_value = Bytes(8, 1);
  auto body = Body(1, {Install("other", 1), generic, Delete("pay-2", 3)});
  const auto statement = Conclude(body);
  EXPECT_EQ(statement.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(Codes(statement), (Strings{"item.policy", "item.policy", "item.policy"}));
  EXPECT_TRUE(target_.calls().empty());
}

TEST_F(ExecutorRefusalTest, LetsASignerWithoutPolicyDoNothing) {
  settings_.policies.clear();
  EXPECT_EQ(Conclude(Body(1, {Install("one", 1)})).code, "item.policy");
}

TEST_F(ExecutorRefusalTest, PrefersThePolicyOfTheSignersOwnName) {
  settings_.policies["kms"] = {};
  EXPECT_EQ(Conclude(Body(1, {Install("one", 1)})).code, "item.policy");
}

TEST_F(ExecutorRefusalTest, RefusesKeysThatCarryOthersOut) {
  Item wraps = Install("one", 1);
  wraps.usage = usage::kWrap;
  Item unwraps = Install("two", 2);
  unwraps.usage = usage::kUnwrap | usage::kDecrypt;
  EXPECT_EQ(Codes(Conclude(Body(1, {wraps, unwraps}))), (Strings{"item.usage", "item.usage"}));
}

TEST_F(ExecutorRefusalTest, RefusesAnUnknownTarget) {
  Item item = Install("one", 1);
  item.target = "elsewhere";
  EXPECT_EQ(Conclude(Body(1, {item})).code, "item.target-unknown");
}

}  // namespace
}  // namespace keyferry::worker
