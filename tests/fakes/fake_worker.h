// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/base/crypto.h"
#include "protocol/channel/channel.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/seal/receipt.h"

struct evp_pkey_st;

namespace keyferry::fakes {

// A receipt key in software: ECDSA on P-256 by OpenSSL, where the real one lives in a token.
class SoftReceiptKey final : public seal::StatementSigner {
 public:
  SoftReceiptKey();
  ~SoftReceiptKey() override;
  SoftReceiptKey(const SoftReceiptKey&) = delete;
  SoftReceiptKey& operator=(const SoftReceiptKey&) = delete;

  Result<Bytes> SignDigest(const Digest& digest) override;
  Bytes Spki() const;

 private:
  evp_pkey_st* key_;
};

// Seal-in in software, with a fixed key. The daemon cannot tell a wrong seal, and must not need to.
class SoftSeal final : public seal::SealSigner {
 public:
  Result<wire::Seal> Sign(ByteView data) override;
};

// A record as a finished ceremony leaves it, signed by `key`; what the caller has not set is filled in.
void WriteRecord(const std::string& path, record::Record record, SoftReceiptKey& key);

// A worker without a token: opens bundles with the signers given, signs statements in software, keeps a ledger in
// memory. Any thread may set how it is to behave.
class FakeWorker final : public channel::WorkerService {
 public:
  FakeWorker(const Id16& agent, std::vector<seal::PinnedSigner> signers, SoftReceiptKey& key);
  ~FakeWorker() override;

  // Listens on its own threads until Stop.
  void Serve(const std::string& socket);
  void Stop();

  // What it does from now on.
  void SetDelay(std::chrono::milliseconds delay);
  void SetRetries(int count);         // answer kRetry so often
  void SetRefusal(std::string code);  // answer kRefused; empty: no more
  void SetLying(bool lying);          // statements speak of another bundle

  // Its ledger is found as a copy of another day has it: what each signer's last number is then; nullopt: it cannot be
  // read. What it executes counts on from there.
  void RestoreLedger(std::optional<std::map<Id16, std::uint64_t>> lasts);

  // Sequences that had an effect, in order of execution; each bundle has one effect, whatever is asked.
  std::vector<std::uint64_t> Executed() const;
  int Calls() const;

  channel::ExecuteAnswer Execute(const Bytes& envelope) override;
  channel::WorkerState State() override;
  Status OpenLatch() override { return {}; }

 private:
  channel::ExecuteAnswer Conclude(const seal::OpenedBundle& bundle, bool lying);

  const Id16 agent_;
  const std::vector<seal::PinnedSigner> signers_;
  SoftReceiptKey& key_;
  mutable std::mutex mutex_;
  std::chrono::milliseconds delay_{0};
  int retries_ = 0;
  bool lying_ = false;
  std::string refusal_;
  int calls_ = 0;
  std::vector<std::uint64_t> executed_;
  std::map<Digest, channel::ExecuteAnswer> ledger_;
  std::optional<std::map<Id16, std::uint64_t>> lasts_{std::in_place};
  UniqueFd stop_;
  std::thread server_;
};

}  // namespace keyferry::fakes
