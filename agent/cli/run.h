// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/result.h"

namespace keyferry::cli {

// `keyferry run`: one keyferryd and one keyferry-worker per domain, from the directory of this executable, started
// again when they end, until SIGTERM or SIGINT. All run as this process's user, so receipts say `separation: none`.
// Prints one line on standard output when the daemon answers and every worker has told its condition.
Result<ExitCode> RunAgent(const std::string& settings_path);

}  // namespace keyferry::cli
