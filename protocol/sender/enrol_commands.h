// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/App.hpp>

#include "protocol/sender/commands.h"

namespace keyferry::sender {

// Adds `enrol answer|confirm` to `app`: the KMS's half of an agent's key ceremony. A confirmed domain is put into the
// home's store (sender.db) under the name given with --as, by default the name that the agent's operators gave it.
void AddEnrolCommands(CLI::App& app, CommandContext& context);

}  // namespace keyferry::sender
