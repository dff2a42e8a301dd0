// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "protocol/base/result.h"

namespace keyferry::sender {

// Adds `enrol answer|confirm|list` to `app`. A parsed command puts what it does into `run`, which the caller then calls
// once and whose error it prints. What `run` borrows lives as long as `app`. A confirmed domain is put into the home's
// store (sender.db) under the name given with --as, by default the name that the agent's operators gave it.
void AddEnrolCommands(CLI::App& app, std::function<Status()>& run);

}  // namespace keyferry::sender
