// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/result.h"

namespace keyferry::cli {

// `keyferry pin retry`: opens the PIN latch of a domain, through its worker, or under the token's lock where the worker
// does not run. `settings_path`: of the agent or of the worker; `domain` may be empty where there is only one.
Result<ExitCode> RetryPin(const std::string& settings_path, const std::string& domain, bool json);

}  // namespace keyferry::cli
