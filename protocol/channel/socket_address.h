// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "protocol/base/result.h"

namespace keyferry::channel {

// The address of a Unix socket, in the form that bind and connect take.
struct SocketAddress {
  sockaddr_un address;
  const sockaddr* get() const { return static_cast<const sockaddr*>(static_cast<const void*>(&address)); }
};

// Code::kSettingsInvalid where the path is too long.
Result<SocketAddress> MakeAddress(const std::string& path);

}  // namespace keyferry::channel
