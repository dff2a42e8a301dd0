// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/base/item.h"
#include "protocol/base/secret.h"
#include "protocol/seal/bundle_sealer.h"
#include "targets/cryptoki/module.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/session.h"
#include "targets/cryptoki/token.h"

namespace keyferry::sender {

// The KMS's HSM: module, token, login and one session, in the order in which they must end. Must go before main
// returns.
class KmsToken {
 public:
  // `uri` names the token and, by module-path, the library. The PIN is tried once. Code::kUriInvalid, hsm.*,
  // credential.*; kMechanismMissing where the token cannot wrap by RFC 5649 or RFC 3394.
  static Result<KmsToken> Open(const cryptoki::TokenUri& uri, const Secret& pin);

  // Code::kTokenMissing where the URI of an object names another token or library than this one.
  Status CheckHolds(const cryptoki::ObjectUri& uri) const;

  cryptoki::Session& session() { return *session_; }
  const cryptoki::TokenProfile& profile() const { return profile_; }

 private:
  KmsToken() = default;
  std::unique_ptr<cryptoki::Module> module_;
  std::unique_ptr<cryptoki::Token> token_;
  std::unique_ptr<cryptoki::Session> session_;
  cryptoki::TokenProfile profile_;
};

// The twins of one domain's root keys in the KMS's HSM, as the ceremony labelled them.
struct Twins {
  CK_OBJECT_HANDLE aes = 0;
  CK_OBJECT_HANDLE mac = 0;
  CK_OBJECT_HANDLE private_keys = 0;
  CK_OBJECT_HANDLE seal_in = 0;
};
// Code::kObjectMissing names the twin that is not in this token.
Result<Twins> FindTwins(cryptoki::Session& session, const Id16& domain, std::uint32_t generation);

// Seal-in's twin: HMAC-SHA-256 inside the HSM.
class TwinSealSigner final : public seal::SealSigner {
 public:
  TwinSealSigner(cryptoki::Session& session, CK_OBJECT_HANDLE seal_in) : session_(&session), seal_in_(seal_in) {}
  Result<wire::Seal> Sign(ByteView data) override;

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE seal_in_;
};

}  // namespace keyferry::sender
