// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/crypto.h"
#include "protocol/base/secret.h"
#include "protocol/sender/store.h"

namespace keyferry::sender {

// The directory of keyferry-kms, mode 0700: signer.key (Ed25519 seed, hexadecimal), channel.key (CURVE secret key,
// Z85), hsm.uri (the HSM that is used where no URI is given), sender.db, enrolments/. Both keys mode 0600, in clear:
// they can sign and connect, but without the HSM nobody can seal.
class Home {
 public:
  explicit Home(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const { return directory_; }
  // Makes the keys that are not there. Code::kFile….
  Status Create();
  // Code::kFileMissing with "keyferry-kms init" as next step.
  Result<Ed25519KeyPair> Signer() const;
  Result<Secret> ChannelKey() const;
  Result<Store> OpenStore() const;

  Status SetHsmUri(const std::string& uri);
  Result<std::string> HsmUri() const;

 private:
  std::string Path(const char* name) const { return directory_ + "/" + name; }
  std::string directory_;
};

// CURVE public key of a secret one, 32 octets.
Bytes ChannelPublicKey(const Secret& channel_key);

}  // namespace keyferry::sender
