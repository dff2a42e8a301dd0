// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The same bundle a hundred times, over reconnects and a daemon and a worker that die in between: one effect, and the
// same receipt, octet for octet.
#include <signal.h>

#include <algorithm>
#include <set>

#include "tests/integration/trust/kms.h"

namespace keyferry::world {
namespace {

constexpr int kReconnects = 10;
constexpr int kPushes = 10;  // on each connection

// Kills a process of the agent's and waits until `keyferry run` has put another in its place.
template <typename PidOf>
void KillAndAwait(PidOf pid_of) {
  const pid_t before = pid_of();
  ASSERT_GT(before, 0);
  ASSERT_EQ(kill(before, SIGKILL), 0);
  ASSERT_TRUE(fakes::Eventually([&] { return pid_of() > 0 && pid_of() != before; }));
}

TEST(Once, AHundredTimesTheSameBundleHasOneEffectAndOneReceipt) {
  World world;
  world.Bootstrap();
  world.StartAgent();
  Kms kms(world);
  const Bytes envelope = kms.Seal(kms.Body(1, {kms.NewKey("card-1")}));
  std::multiset<Bytes> receipts;
  std::string installed;
  for (int reconnect = 0; reconnect < kReconnects; ++reconnect) {
    if (reconnect == 4) KillAndAwait([&] { return world.daemon_pid(); });
    if (reconnect == 7) KillAndAwait([&] { return world.worker_pid(); });
    auto connection = kms.Connect();
    for (int push = 0; push < kPushes; ++push) receipts.insert(PushForReceipt(connection, envelope));
    if (reconnect == 0) installed = TokenObjects(world);
  }
  ASSERT_EQ(receipts.size(), 100U);
  EXPECT_EQ(receipts.count(*receipts.begin()), 100U) << "the receipts differ";
  const auto receipt = kms.Verified(*receipts.begin());
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kOk);
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kWorker);
  EXPECT_EQ(receipt.body.envelope_sha256, Sha256(envelope));

  auto connection = kms.Connect();
  EXPECT_EQ(NextNumber(connection, kms), 2U);
  EXPECT_EQ(TokenObjects(world), installed);
  EXPECT_EQ(Labels(world), std::vector<std::string>{"card-1"});
  const std::string log = AuditLog(world);
  std::size_t concluded = 0;
  for (std::size_t at = 0; (at = log.find("\"event\":\"concluded\"", at)) != std::string::npos; ++at) ++concluded;
  EXPECT_EQ(concluded, 1U) << log;
  EXPECT_EQ(world.StopAgent(), 0);
}

}  // namespace
}  // namespace keyferry::world
