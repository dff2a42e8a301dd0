// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/help.h"

namespace keyferry::cli {
namespace {

constexpr const char* kExitCodes = R"(
Exit codes:
   0  done
   1  failed
   2  wrong usage of the command line
   3  not bootstrapped
   4  a credential (PIN) was refused
   5  the HSM cannot be reached
   6  a verification failed: a signature, a seal, a record, a fingerprint
   7  done in part
   8  stale or replayed
   9  the daemon is not running
  10  refused by policy
  78  the settings are wrong

Every error has three lines on standard error: what failed, the cause with the code in brackets, the next step.
)";

}  // namespace

std::string ExamplesFirst::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  // As one of the commands that another command's help lists.
  if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
  std::string help = make_description(app) + "\n";
  if (!app->get_footer().empty()) help += app->get_footer() + "\n";
  help += make_usage(app, std::move(name));
  help += make_positionals(app);
  help += make_groups(app, mode);
  help += make_subcommands(app, mode);
  if (app->get_parent() == nullptr) help += kExitCodes;
  return help;
}

}  // namespace keyferry::cli
