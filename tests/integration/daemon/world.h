// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bootstrap/record/agent_keys.h"
#include "protocol/base/json.h"
#include "protocol/seal/receipt.h"
#include "protocol/wire/message.h"
#include "tests/fakes/dealer.h"
#include "tests/fakes/fake_worker.h"

namespace keyferry::daemon {

inline constexpr std::chrono::seconds kPatience{60};  // generous: no test depends on the machine's speed

// True once `condition` is; false after kPatience.
bool Eventually(const std::function<bool()>& condition);

// A keyferryd process.
class DaemonProcess {
 public:
  explicit DaemonProcess(const std::string& settings);
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  void Signal(int number) const;
  // The exit status, or 128 + the signal that ended it.
  int Wait();
  bool Running();
  std::string Log() const;  // what it wrote to standard error
  pid_t pid() const { return pid_; }

 private:
  std::string log_path_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// What the tests vary of a bundle.
struct Wish {
  std::uint64_t sequence = 1;
  std::string label = "key";
  UnixSeconds accept_in = 3600;
  UnixSeconds install_in = 0;  // 0: no such date
  bool wrong_agent = false;
  bool wrong_domain = false;
  bool unknown_signer = false;
  std::size_t items = 1;
};

// An agent's host with one domain, "payments", and a KMS: real keyferryd, real CURVE sockets, a worker without a token.
class World : public testing::Test {
 protected:
  World();
  ~World() override;

  void WriteSettings(std::size_t queue = 64) const;
  void WriteRecord();  // what finishes the bootstrap
  // Starts it and waits until it answers on its control socket.
  void StartDaemon();
  void StartWorker();
  Json Status() const;
  Json DomainStatus() const;

  std::unique_ptr<fakes::Dealer> Connect() const;
  Bytes Bundle(const Wish& wish) const;
  // The next reply; fails the test after kPatience.
  static wire::Reply Next(fakes::Dealer& dealer);
  // The next reply of kind receipt.
  static wire::Reply NextReceipt(fakes::Dealer& dealer);
  wire::Reply PushAndGetReply(fakes::Dealer& dealer, const Wish& wish) const;
  // Asks until the receipt is there.
  Bytes AskForReceipt(std::uint64_t sequence) const;
  seal::VerifiedReceipt Verified(const Bytes& receipt) const;
  std::uint64_t ExpectedNumber(fakes::Dealer& dealer) const;
  std::string AuditLog() const;
  wire::Ask AskFor(std::uint64_t sequence) const;

  std::string directory;
  std::string settings;
  std::string endpoint;
  record::AgentKeys agent;
  Ed25519KeyPair signer;
  Ed25519KeyPair stranger_signer;
  fakes::CurveKeys kms;
  fakes::SoftReceiptKey receipt_key;
  record::Record record;
  std::unique_ptr<fakes::FakeWorker> worker;
  std::unique_ptr<DaemonProcess> daemon;
};

}  // namespace keyferry::daemon
