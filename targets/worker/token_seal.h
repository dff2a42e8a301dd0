// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <utility>

#include "protocol/seal/bundle_sealer.h"
#include "protocol/seal/receipt.h"
#include "targets/cryptoki/session.h"
#include "targets/worker/watchdog.h"

namespace keyferry::worker {

// A MAC that verified before.
struct KnownMac {
  Bytes data;
  Bytes mac;
};

// Seal-in in the token. Some tokens answer CKR_DEVICE_ERROR for a wrong MAC: that is a wrong seal if a MAC that is
// known to be good verifies next, and a failing token else. Session and dog must outlive it.
class TokenSeal final : public seal::SealVerifier {
 public:
  TokenSeal(cryptoki::Session& session, CK_OBJECT_HANDLE key, Watchdog& dog)
      : session_(&session), key_(key), dog_(&dog) {}
  Status Verify(ByteView data, ByteView seal) override;

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE key_;
  Watchdog* dog_;
  std::optional<KnownMac> known_;
};

// The receipt key in the token.
class TokenStatementSigner final : public seal::StatementSigner {
 public:
  TokenStatementSigner(cryptoki::Session& session, CK_OBJECT_HANDLE key, Watchdog& dog)
      : session_(&session), key_(key), dog_(&dog) {}
  Result<Bytes> SignDigest(const Digest& digest) override;

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE key_;
  Watchdog* dog_;
};

}  // namespace keyferry::worker
