// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/base/clock.h"
#include "protocol/channel/channel.h"
#include "protocol/wire/bundle.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/token.h"
#include "tests/fakes/process.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::worker {

// Two SoftHSM2 tokens, "kms" and "payments", and a keyferry-worker process for the second. This process plays the KMS,
// holds the ceremony, and talks to the worker as the daemon does.
class WorkerWorld {
 public:
  WorkerWorld();
  ~WorkerWorld();

  // The whole ceremony, both halves. Afterwards only the worker has the target token open.
  void Bootstrap();
  void Start();
  // Kills the worker's process without a word.
  void Kill();
  // SIGTERM; the exit code.
  int Stop();
  fakes::Background& process() { return *worker_; }
  channel::WorkerState WaitFor(channel::WorkerCondition condition);
  channel::WorkerClient client() const { return channel::WorkerClient(socket_); }

  // An AES-256 key that is born in the KMS's token and wrapped there under the twin.
  Item NewKey(const std::string& label);
  Bytes Seal(std::uint64_t sequence, std::vector<Item> items, bool simulate = false);
  // With the signer's signature and a seal that was made without the Root KEK's twin.
  Bytes SealWithoutTwin(std::uint64_t sequence, std::vector<Item> items);
  // Executes until it is concluded, and verifies the statement offline.
  wire::Statement Execute(const Bytes& envelope);

  void WritePin(const std::string& pin) const;
  // The target token as another application sees it.
  std::vector<std::string> LabelsInTarget();
  void DestroyInTarget(const std::string& label);
  std::string TokenObject() const;
  const record::Record& record() const { return *record_; }
  std::string state_dir() const { return dir_.path() + "/state"; }
  std::string Log() const;

 private:
  struct Opened;
  std::unique_ptr<Opened> Open(const std::string& label);
  CK_OBJECT_HANDLE Twin(record::RootKey key);
  wire::BundleBody Body(std::uint64_t sequence, std::vector<Item> items) const;

  fakes::SoftHsm2Store store_;
  fakes::TempDir dir_;
  std::string socket_;
  SystemClock clock_;
  Ed25519KeyPair agent_;
  Ed25519KeyPair signer_;
  std::unique_ptr<cryptoki::Module> module_;
  std::unique_ptr<Opened> kms_;
  std::optional<record::Record> record_;
  std::unique_ptr<fakes::Background> worker_;
  int starts_ = 0;
};

}  // namespace keyferry::worker
