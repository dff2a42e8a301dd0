// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "protocol/base/result.h"

namespace keyferry::cli {

// Adds `bootstrap request|import|confirm|status` to `app`. A parsed command puts what it does into `run`, which the
// caller then calls once and whose error it prints. `json`, where given, is what --json of these commands sets, so that
// errors are printed as JSON too. `run` and `json` must live as long as `app`.
void AddBootstrapCommands(CLI::App& app, std::function<Status()>& run, bool* json = nullptr);

}  // namespace keyferry::cli
