// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

namespace keyferry::daemon {

// Tells the service manager ("READY=1", "STOPPING=1"), as sd_notify(3) describes: one datagram to $NOTIFY_SOCKET.
// Nothing where there is none.
void Notify(std::string_view state);

}  // namespace keyferry::daemon
