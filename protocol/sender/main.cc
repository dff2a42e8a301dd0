// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// keyferry-kms: what a KMS's operators and scripts run to push keys.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "protocol/base/crypto.h"
#include "protocol/base/process.h"
#include "protocol/sender/commands.h"
#include "protocol/sender/enrol_commands.h"

namespace {

constexpr const char* kFooter = R"(Examples:
  keyferry-kms init --hsm 'pkcs11:token=KMS?module-path=/usr/lib/softhsm/libsofthsm2.so'
  keyferry-kms enrol answer --request request.kfq --out response.kfs
  keyferry-kms key generate --type aes --bits 256 --label card-kek
  keyferry-kms push payments 'pkcs11:object=card-kek;type=secret-key' --simulate
  keyferry-kms push payments 'pkcs11:object=card-kek;type=secret-key'
  keyferry-kms update payments 'pkcs11:object=card-kek-2;type=secret-key' --label card-kek
  keyferry-kms receipt show payments 1

Exit codes: 0 ok, 1 failure, 2 usage, 4 credential refused, 5 HSM unreachable, 6 verification failed, 7 partial,
8 stale or replayed, 10 refused by policy.)";

std::string DefaultHome() {
  if (const char* home = std::getenv("KEYFERRY_KMS_HOME")) return home;
  const char* user = std::getenv("HOME");
  return std::string(user == nullptr ? "." : user) + "/.keyferry-kms";
}

}  // namespace

int main(int argc, char** argv) {
  keyferry::InitCrypto();
  keyferry::sender::CommandContext context;
  context.Run([] { return keyferry::HardenProcess(); });
  if (context.exit_code != 0) return context.exit_code;
  context.options.home = DefaultHome();
  CLI::App app("Pushes keys from a KMS's HSM to Keyferry agents, wrapped inside the HSM, and keeps the receipts.",
               "keyferry-kms");
  app.footer(kFooter);
  app.require_subcommand(0, 1);  // none is told below: asked for here, a mistyped one would be "required"
  app.add_option("--home", context.options.home, "the KMS's directory (KEYFERRY_KMS_HOME)")->capture_default_str();
  AddHomeCommands(app, context);
  AddEnrolCommands(app, context);
  AddKeyCommands(app, context);
  AddPushCommands(app, context);
  AddReceiptCommands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(keyferry::ExitCode::kUsage);
  }
  if (app.get_subcommands().empty()) {
    std::fprintf(stderr, "%s", app.help().c_str());
    return static_cast<int>(keyferry::ExitCode::kUsage);
  }
  return context.exit_code;
}
