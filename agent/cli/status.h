// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/json.h"

namespace keyferry::cli {

// `daemon` in all of these: what keyferryd answers on its control socket (agent/daemon/status.h).

// What needs an operator, the most urgent first: PIN latched, stopped, HSM away, a queue that is nearly full, then what
// the daemon warns of. A warning may have several lines.
std::vector<std::string> StatusWarnings(const Json& daemon);

// {"format": "keyferry-status/1", …} with all members of `daemon` and all warnings.
Json StatusJson(const Json& daemon);

// One screen: warnings on top, then the agent, then a line for each domain.
std::string StatusText(const Json& daemon);

// kNotBootstrapped, kCredentialRefused (PIN latched), kHsmUnreachable or kFailure (worker stopped or not running) where
// that holds for a domain, in this order; else kOk.
ExitCode StatusExitCode(const Json& daemon);

// `keyferry status`: asks the daemon and prints. Code::kDaemonNotRunning and the codes of settings.
Result<ExitCode> ShowStatus(const std::string& settings_path, bool json);

}  // namespace keyferry::cli
