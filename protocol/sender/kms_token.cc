// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/kms_token.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "bootstrap/record/record.h"

namespace keyferry::sender {

using cryptoki::Mechanism;
using cryptoki::Template;

namespace {

constexpr int kLooks = 3;

// SoftHSM2 shows no token at all while another process writes to it, and looks again only when it is loaded again.
Result<cryptoki::Token> FindToken(const cryptoki::TokenUri& uri, std::unique_ptr<cryptoki::Module>& module) {
  for (int look = 1;; ++look) {
    KF_TRY(module, cryptoki::Module::Load(uri.module_path));
    auto token = cryptoki::Token::Find(*module, uri);
    if (token || token.error().code() != Code::kTokenMissing || look == kLooks) return token;
    module.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

Result<KmsToken> KmsToken::Open(const cryptoki::TokenUri& uri, const Secret& pin) {
  if (uri.module_path.empty()) {
    return std::unexpected(Error::Make(Code::kUriInvalid, "the HSM's URI does not name its library")
                               .NextStep("add ?module-path=/path/to/module.so to the URI"));
  }
  KmsToken kms;
  KF_TRY(cryptoki::Token token, FindToken(uri, kms.module_));
  kms.token_ = std::make_unique<cryptoki::Token>(std::move(token));
  KF_TRY(const cryptoki::PinState state, kms.token_->ReadPinState());
  if (state.final_try) {
    return std::unexpected(
        Error::Make(Code::kPinLatched, "the HSM says that the next wrong PIN locks it (CKF_USER_PIN_FINAL_TRY)")
            .NextStep("make sure of the PIN, and log in once with the vendor's tool"));
  }
  KF_CHECK(kms.token_->Login(pin));
  KF_TRY(cryptoki::Session session, kms.token_->OpenSession());
  kms.session_ = std::make_unique<cryptoki::Session>(std::move(session));
  KF_TRY(kms.profile_, cryptoki::ProbeToken(*kms.session_));
  return kms;
}

Status KmsToken::CheckHolds(const cryptoki::ObjectUri& uri) const {
  const bool other_library = !uri.token.module_path.empty() && uri.token.module_path != module_->path();
  if (!other_library && token_->info().Matches(uri.token)) return {};
  return std::unexpected(
      Error::Caused(Code::kTokenMissing, uri.Format() + " is not in the KMS's HSM",
                    "that is " + cryptoki::Describe(token_->info()) + " in '" + Printable(module_->path()) + "'")
          .NextStep("leave the token's part out of the key's URI, or name the HSM with --hsm"));
}

Result<Twins> FindTwins(cryptoki::Session& session, const Id16& domain, std::uint32_t generation) {
  const auto find = [&](record::RootKey key) {
    const std::string label = record::TwinLabel(key, domain, generation);
    return session.FindOne(Template().Ulong(CKA_CLASS, CKO_SECRET_KEY).Bool(CKA_TOKEN, true).Text(CKA_LABEL, label),
                           "root key twin '" + label + "'");
  };
  Twins twins;
  KF_TRY(twins.aes, find(record::RootKey::kAes));
  KF_TRY(twins.mac, find(record::RootKey::kMac));
  KF_TRY(twins.private_keys, find(record::RootKey::kPrivate));
  KF_TRY(twins.seal_in, find(record::RootKey::kSealIn));
  return twins;
}

Result<wire::Seal> TwinSealSigner::Sign(ByteView data) {
  KF_TRY_WITH(const Bytes mac, session_->Sign(Mechanism::HmacSha256(), seal_in_, data), "sealing the bundle");
  wire::Seal seal;
  if (mac.size() != seal.size()) {
    return std::unexpected(Error::Make(Code::kTokenFailed, "the HSM's HMAC-SHA-256 has not 32 octets"));
  }
  std::ranges::copy(mac, seal.begin());
  return seal;
}

}  // namespace keyferry::sender
