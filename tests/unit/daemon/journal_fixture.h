// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/journal.h"
#include "protocol/base/crypto.h"
#include "tests/fakes/fake_worker.h"

namespace keyferry::daemon {

// A clock that stands where it is put.
class StandingClock final : public Clock {
 public:
  UnixSeconds Now() const override { return now; }
  std::chrono::steady_clock::time_point Monotonic() const override { return std::chrono::steady_clock::now(); }
  void SleepFor(std::chrono::milliseconds) override {}

  UnixSeconds now = 1'800'000'000;
};

struct TemporaryDirectory {
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string path;
};

// What the tests vary of a bundle.
struct BundleWish {
  std::uint64_t sequence = 1;
  std::string label = "key";  // another label is another digest
  UnixSeconds accept_in = 3600;
  UnixSeconds install_before = 0;
  std::uint8_t domain = 7;
  bool other_signer = false;
};

class JournalTest : public testing::Test {
 protected:
  JournalTest();
  void SetUp() override { Open(); }

  void Open();
  void Close() { journal.reset(); }
  seal::OpenedBundle Bundle(const BundleWish& wish) const;
  // In a group of its own.
  Decision Push(const BundleWish& wish, std::size_t queue = 64);
  Decision Ask(std::uint64_t sequence);
  std::optional<Admission> Take(std::uint8_t domain = 7, bool begin = false);
  Conclusion WorkerConclusion(const Admission& admission);
  Bytes Conclude(const Conclusion& conclusion);
  std::string JournalPath() const { return directory.path + "/journal.db"; }
  std::string AuditPath() const { return directory.path + "/audit.log"; }
  std::vector<std::string> AuditLines() const;
  static Id16 Domain(std::uint8_t octet);

  TemporaryDirectory directory;
  StandingClock clock;
  Ed25519KeyPair agent = *Ed25519KeyPair::Generate();
  Ed25519KeyPair signer = *Ed25519KeyPair::Generate();
  Ed25519KeyPair second_signer = *Ed25519KeyPair::Generate();
  std::vector<seal::PinnedSigner> signers;
  fakes::SoftReceiptKey receipt_key;
  std::unique_ptr<Journal> journal;
};

}  // namespace keyferry::daemon
