// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/crypto.h"
#include "protocol/base/item.h"
#include "protocol/base/secret.h"

// The agent's own keys, as files of mode 0600: identity (Ed25519, its 32-octet seed in hexadecimal) and channel (CURVE
// secret key, Z85).
namespace keyferry::record {

struct AgentKeys {
  Ed25519KeyPair identity;
  Id16 agent{};           // IdOfKey(identity)
  Secret channel_secret;  // CURVE, 32 octets
  Bytes channel_public;   // CURVE, 32 octets
};

// Reads both files, and makes one that is not there yet (with its directory). Code::kFileModeUnsafe, kFileUnreadable,
// kFileUnwritable, kEncodingInvalid.
Result<AgentKeys> LoadOrMakeAgentKeys(const std::string& identity_path, const std::string& channel_path);

}  // namespace keyferry::record
