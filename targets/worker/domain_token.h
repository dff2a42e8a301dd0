// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "bootstrap/record/record.h"
#include "protocol/settings/settings.h"
#include "targets/cryptoki/pin_latch.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/token.h"
#include "targets/worker/executor.h"
#include "targets/worker/token_seal.h"
#include "targets/worker/watchdog.h"

namespace keyferry::worker {

// The domain's token, from the loaded library to the targets, opened and closed in rungs. One thread at a time; every
// call into the library is watched. Borrows all that it is made from.
class DomainToken {
 public:
  DomainToken(const settings::WorkerSettings& settings, const record::Record& record, cryptoki::PinLatch& latch,
              Watchdog& dog)
      : settings_(&settings), record_(&record), latch_(&latch), dog_(&dog) {}
  ~DomainToken() { Close(cryptoki::Rung::kWorker); }
  DomainToken(const DomainToken&) = delete;
  DomainToken& operator=(const DomainToken&) = delete;

  // Opens what is not open: library, token, login (once, behind the latch), session, profile, root keys compared with
  // the record, targets. credential.*, hsm.*, trust.root-key-changed, trust.record-wrong.
  Status Open();
  // Closes as much as the rung asks for; kWorker: everything, the library unloaded.
  void Close(cryptoki::Rung rung);

  // Between a successful Open and the next Close.
  bool is_open() const { return open_; }
  const Hands& hands() const { return hands_; }
  const cryptoki::TokenProfile& profile() const { return *profile_; }
  const cryptoki::TokenInfo& info() const { return token_->info(); }

 private:
  Status LoadModule();
  Status FindToken();
  Status LogIn();
  Status CheckProfile();
  Status OpenKeys();
  void LearnKnownMacs();
  Status OpenTargets();

  const settings::WorkerSettings* settings_;
  const record::Record* record_;
  cryptoki::PinLatch* latch_;
  Watchdog* dog_;

  std::unique_ptr<cryptoki::Module> module_;
  std::optional<cryptoki::Token> token_;
  std::optional<cryptoki::TokenProfile> profile_;
  std::optional<cryptoki::Session> session_;
  std::optional<TokenStatementSigner> receipt_;
  std::list<TokenSeal> seals_;
  std::vector<std::unique_ptr<target::Target>> targets_;
  Hands hands_;
  bool open_ = false;
};

}  // namespace keyferry::worker
