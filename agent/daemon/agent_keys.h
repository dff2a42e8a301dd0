// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/crypto.h"
#include "protocol/base/item.h"
#include "protocol/base/secret.h"

namespace keyferry::daemon {

// The agent's own keys: identity (Ed25519, its 32-octet seed in hexadecimal) and channel (CURVE, Z85), each in a file
// of mode 0600.
struct AgentKeys {
  Ed25519KeyPair identity;
  Id16 agent{};           // IdOfKey(identity)
  Secret channel_secret;  // 32 octets
  Bytes channel_public;   // 32 octets
};

// Reads both, and makes one that is not there yet. Code::kFileModeUnsafe, kFileUnreadable, kEncodingInvalid.
Result<AgentKeys> LoadOrMakeAgentKeys(const std::string& identity_path, const std::string& channel_path);

}  // namespace keyferry::daemon
