// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "targets/worker/executor.h"
#include "tests/fakes/fake_target.h"
#include "tests/fakes/fake_token.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry::worker {

// An executor with a real ledger, whose target, token and clock are told what to do. Bundles are really sealed and
// signed.
class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest();

  // As after a restart of the worker: everything but the target and the ledger's file is made anew.
  void Restart();

  wire::BundleBody Body(std::uint64_t sequence, std::vector<Item> items) const;
  Item Install(const std::string& label, std::uint8_t id) const;
  Item Update(const std::string& label, std::uint8_t id, std::uint8_t expected) const;
  Item Delete(const std::string& label, std::uint8_t expected) const;
  Bytes Seal(const wire::BundleBody& body);
  Bytes Seal(const wire::BundleBody& body, const Ed25519KeyPair& signer, fakes::FakeSeal& seal_in);

  Result<channel::ExecuteAnswer> Execute(const Bytes& envelope) { return executor_->Execute(envelope, hands_); }
  // Seals and executes what must be concluded.
  wire::Statement Conclude(const wire::BundleBody& body) { return Concluded(Seal(body)); }
  wire::Statement Concluded(const Bytes& envelope);
  // The code of a refusal without a statement; "concluded" or "retry" for anything else.
  std::string RefusalOf(const Bytes& envelope);
  std::vector<std::string> Codes(const wire::Statement& statement) const;

  TemporaryDirectory directory_;
  Ed25519KeyPair signer_;
  Ed25519KeyPair stranger_;
  fakes::FakeSeal seal_in_{"seal-in"};
  fakes::FakeSeal other_seal_{"another domain's"};
  fakes::FakeReceiptKey receipt_key_;
  fakes::FakeClock clock_;
  fakes::FakeTarget target_;
  settings::WorkerSettings settings_;
  Domain domain_;
  Hands hands_;
  std::optional<Ledger> ledger_;
  std::optional<Executor> executor_;
};

inline const Error kAway = Error::Caused(Code::kTokenFailed, "the token", "CKR_DEVICE_REMOVED (0x32)");
inline const Error kUncertain = Error::Caused(Code::kTokenUncertain, "the token", "CKR_DEVICE_ERROR (0x30)");

}  // namespace keyferry::worker
