// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/token_seal.h"

namespace keyferry::worker {

using cryptoki::Mechanism;

Status TokenSeal::Verify(ByteView data, ByteView seal) {
  const Watchdog::Watch watch(*dog_);
  Status verified = session_->Verify(Mechanism::HmacSha256(), key_, data, seal);
  if (verified) {
    if (!known_) known_ = KnownMac{.data = {data.begin(), data.end()}, .mac = {seal.begin(), seal.end()}};
    return verified;
  }
  bool wrong = verified.error().code() == Code::kSignatureWrong;
  if (!wrong && cryptoki::RvOf(verified.error()) == CKR_DEVICE_ERROR && known_) {
    wrong = session_->Verify(Mechanism::HmacSha256(), key_, known_->data, known_->mac).has_value();
  }
  if (!wrong) return verified;
  return std::unexpected(
      Error::Caused(Code::kSealWrong, "the seal does not verify under seal-in", verified.error().cause()));
}

Result<Bytes> TokenStatementSigner::SignDigest(const Digest& digest) {
  const Watchdog::Watch watch(*dog_);
  return session_->Sign(Mechanism::Ecdsa(), key_, digest);
}

}  // namespace keyferry::worker
