// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/channel/channel.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/seal/receipt.h"
#include "protocol/settings/settings.h"
#include "targets/target/target.h"
#include "targets/worker/installation.h"
#include "targets/worker/ledger.h"

namespace keyferry::worker {

// What the executor knows of its domain: facts of the record.
struct Domain {
  Id16 agent{};
  Id16 id{};
  std::vector<seal::PinnedSigner> signers;
  std::string token_label, token_serial, token_model;
  bool template_enforced = false;
};

// What the executor uses of the token; made anew whenever the token was opened again. Borrowed.
struct Hands {
  std::map<std::uint32_t, seal::SealVerifier*> seal_in;  // by the generations of root keys that serve
  seal::StatementSigner* receipt = nullptr;
  std::vector<target::Target*> targets;
};

// Takes a bundle from its envelope to a signed statement (agent/ARCHITECTURE.md, "The life of a bundle"). Trusts
// nobody: everything that the daemon checked is checked again. One thread at a time.
class Executor {
 public:
  // `settings`, `ledger` and `clock` must outlive it.
  Executor(Domain domain, const settings::WorkerSettings& settings, Ledger& ledger, Ledger::Summary so_far,
           Clock& clock);

  // An answer with Disposition::kConcluded or kRefused is final. An error says that nothing was concluded and the same
  // bundle is to be executed again later (token away, ledger full, uncertain): hsm.*, store.*, time.clock-behind.
  Result<channel::ExecuteAnswer> Execute(const Bytes& envelope, const Hands& hands);

  // Kept up to date with everything that is begun or concluded.
  const Ledger::Summary& summary() const { return summary_; }
  // Bundles that were concluded here; an outcome that is answered again is not counted.
  std::uint64_t executed() const { return executed_; }

 private:
  // What of a bundle goes into every statement about it.
  struct Heading {
    std::uint32_t generation = 0;
    BundleKey key;
    Digest digest{};
    bool simulate = false;
  };

  Status CheckAddress(const wire::BundleBody& body) const;
  // The stored outcome; nullopt: to be executed; `begun` where an earlier attempt may have written to the target.
  Result<std::optional<channel::ExecuteAnswer>> LookUp(const Heading& heading, bool& begun);
  Result<bool> IsExpired(UnixSeconds install_before) const;
  Result<Installed> Install(const seal::SealedBundle& bundle, const Heading& heading, const Hands& hands, bool begun);
  Result<seal::SignedStatement> Sign(const Heading& heading, const Installed& installed, UnixSeconds now,
                                     const Hands& hands) const;
  Result<channel::ExecuteAnswer> SignRefusal(const Heading& heading, const Error& refusal, const Hands& hands) const;
  Result<channel::ExecuteAnswer> Conclude(const Heading& heading, const Installed& installed, const Hands& hands);
  void Count(const BundleKey& key);
  Result<channel::ExecuteAnswer> ExecuteOpened(seal::OpenedBundle opened, const Hands& hands);

  Domain domain_;
  const settings::WorkerSettings* settings_;
  Ledger* ledger_;
  Clock* clock_;
  Ledger::Summary summary_;
  std::uint64_t executed_ = 0;
};

}  // namespace keyferry::worker
