// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/session.h"

#include <utility>

#include "protocol/base/prompt.h"

namespace keyferry::sender {

Result<Secret> ReadPin(const CommonOptions& options) {
  return PinSource(options.pin_fd, options.pin_file, "PIN of the KMS's HSM").Read();
}

Result<KmsToken> OpenHsm(const CommonOptions& options) {
  std::string text = options.hsm;
  if (text.empty()) {
    KF_TRY(text, Home(options.home).HsmUri());
  }
  KF_TRY(const cryptoki::TokenUri uri, cryptoki::TokenUri::Parse(text));
  KF_TRY(const Secret pin, ReadPin(options));
  return KmsToken::Open(uri, pin);
}

Result<std::unique_ptr<SendingSession>> SendingSession::Open(const CommonOptions& options, const std::string& domain) {
  const Home home(options.home);
  KF_TRY(Ed25519KeyPair signer, home.Signer());
  KF_TRY(Secret channel_key, home.ChannelKey());
  KF_TRY(Store store, home.OpenStore());
  KF_TRY(const DomainRow row, store.FindDomain(domain));
  KF_TRY(KmsToken hsm, OpenHsm(options));
  std::unique_ptr<SendingSession> session(
      new SendingSession(std::move(signer), std::move(channel_key), std::move(store), std::move(hsm)));
  KF_TRY(session->twins_, FindTwins(session->hsm_.session(), row.domain, row.generation));
  KF_TRY(DomainSender sender,
         DomainSender::Open(session->store_, domain, session->signer_, session->channel_key_, session->clock_));
  session->sender_.emplace(std::move(sender));
  return session;
}

Result<std::uint64_t> SendingSession::Enqueue(const BundleRequest& request) {
  TwinSealSigner seal_in(hsm_.session(), twins_.seal_in);
  return sender_->Enqueue(request, seal_in);
}

Result<std::unique_ptr<ReceivingSession>> ReceivingSession::Open(const CommonOptions& options,
                                                                 const std::string& domain) {
  const Home home(options.home);
  KF_TRY(Ed25519KeyPair signer, home.Signer());
  KF_TRY(Secret channel_key, home.ChannelKey());
  KF_TRY(Store store, home.OpenStore());
  std::unique_ptr<ReceivingSession> session(
      new ReceivingSession(std::move(signer), std::move(channel_key), std::move(store)));
  KF_TRY(DomainSender sender,
         DomainSender::Open(session->store_, domain, session->signer_, session->channel_key_, session->clock_));
  session->sender_.emplace(std::move(sender));
  return session;
}

}  // namespace keyferry::sender
