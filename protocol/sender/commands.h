// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "protocol/sender/session.h"

namespace keyferry::sender {

// What the commands of keyferry-kms share. A command's callback runs its body through Run, which prints an error (three
// lines, or JSON) and keeps the exit code.
struct CommandContext {
  CommonOptions options;
  int exit_code = 0;

  void Run(const std::function<Status()>& body);
  // Where a body ends well with another exit code than 0 (a refusal that the receipt tells).
  void EndWith(ExitCode code) { exit_code = static_cast<int>(code); }
};

void AddHomeCommands(CLI::App& app, CommandContext& context);     // init, agent
void AddKeyCommands(CLI::App& app, CommandContext& context);      // key generate, list, check
void AddPushCommands(CLI::App& app, CommandContext& context);     // push, update, delete, rollback, wait, send
void AddReceiptCommands(CLI::App& app, CommandContext& context);  // receipt list, show, ask, verify, export

// --hsm, --pin-fd, --pin-file
void AddHsmOptions(CLI::App& command, CommandContext& context);

// One line a bundle and one an item, or JSON; ends the command with the receipts' exit code.
void PrintDeliveries(const std::vector<Delivery>& deliveries, CommandContext& context);

}  // namespace keyferry::sender
