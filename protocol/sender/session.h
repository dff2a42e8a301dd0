// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocol/base/clock.h"
#include "protocol/sender/home.h"
#include "protocol/sender/kms_token.h"
#include "protocol/sender/sender.h"
#include "protocol/sender/wrap_item.h"

namespace keyferry::sender {

// What every command of keyferry-kms is told: where the KMS's directory and HSM are, and how the PIN comes.
struct CommonOptions {
  std::string home;
  std::string hsm;  // URI; empty: the home's
  int pin_fd = -1;
  std::string pin_file;
  bool json = false;
};

// The PIN from the descriptor, the file, or the terminal.
Result<Secret> ReadPin(const CommonOptions& options);
Result<KmsToken> OpenHsm(const CommonOptions& options);

// Everything that sending to one domain takes, opened in order: keys, store, HSM, twins, connection.
class SendingSession {
 public:
  static Result<std::unique_ptr<SendingSession>> Open(const CommonOptions& options, const std::string& domain);

  Store& store() { return store_; }
  KmsToken& hsm() { return hsm_; }
  const Twins& twins() const { return twins_; }
  DomainSender& sender() { return *sender_; }
  Result<std::uint64_t> Enqueue(const BundleRequest& request);

 private:
  SendingSession(Ed25519KeyPair signer, Secret channel_key, Store store, KmsToken hsm)
      : signer_(std::move(signer)),
        channel_key_(std::move(channel_key)),
        store_(std::move(store)),
        hsm_(std::move(hsm)) {}

  SystemClock clock_;
  Ed25519KeyPair signer_;
  Secret channel_key_;
  Store store_;
  KmsToken hsm_;
  Twins twins_;
  std::optional<DomainSender> sender_;
};

// The same without the HSM: asking for receipts, sending what was sealed before.
class ReceivingSession {
 public:
  static Result<std::unique_ptr<ReceivingSession>> Open(const CommonOptions& options, const std::string& domain);

  Store& store() { return store_; }
  DomainSender& sender() { return *sender_; }

 private:
  ReceivingSession(Ed25519KeyPair signer, Secret channel_key, Store store)
      : signer_(std::move(signer)), channel_key_(std::move(channel_key)), store_(std::move(store)) {}

  SystemClock clock_;
  Ed25519KeyPair signer_;
  Secret channel_key_;
  Store store_;
  std::optional<DomainSender> sender_;
};

}  // namespace keyferry::sender
