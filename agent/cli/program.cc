// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/cli/bootstrap_commands.h"
#include "agent/cli/config.h"
#include "agent/cli/explain.h"
#include "agent/cli/help.h"
#include "agent/cli/pin.h"
#include "agent/cli/receipt.h"
#include "agent/cli/render.h"
#include "agent/cli/run.h"
#include "agent/cli/status.h"
#include "protocol/base/crypto.h"
#include "protocol/base/process.h"

namespace keyferry::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  keyferry                                                  how is this agent?
  keyferry config check --settings keyferry.toml            are the settings right?
  keyferry bootstrap --help                                 hold the key ceremony, once per domain
  keyferry run --settings keyferry.toml                     run daemon and workers in the foreground
  keyferry pin retry --domain payments                      after a wrong PIN was corrected
  keyferry receipt verify r1.kfr --record record.kfr        who delivered what, proved offline
  keyferry explain hsm.token-missing                        what does an error's code mean?
)";

std::string DefaultSettings() {
  const char* path = std::getenv("KEYFERRY_SETTINGS");
  return path == nullptr || *path == '\0' ? "/etc/keyferry/keyferry.toml" : path;
}

// What the command line asked for. Lives as long as the parsed app.
struct Choice {
  std::string settings = DefaultSettings();
  bool json = false;
  std::string domain;
  std::string code;
  std::string record;
  std::vector<std::string> files;
  std::function<Result<ExitCode>()> run;
  std::function<Status()> bootstrap;
};

void AddSettings(CLI::App& command, Choice& choice) {
  command.add_option("--settings", choice.settings, "the agent's settings file (KEYFERRY_SETTINGS)")
      ->type_name("FILE")
      ->capture_default_str();
}

void AddJson(CLI::App& command, Choice& choice) { command.add_flag("--json", choice.json, "print JSON, errors too"); }

CLI::App* AddCommand(CLI::App& app, Choice& choice, const char* name, const char* what, const char* examples) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(std::string("Examples:\n") + examples);
  AddJson(*command, choice);
  return command;
}

void AddStatus(CLI::App& app, Choice& choice) {
  CLI::App* command = AddCommand(app, choice, "status", "Shows how the agent and its domains are, warnings first.",
                                 "  keyferry status\n"
                                 "  keyferry status --json\n");
  AddSettings(*command, choice);
  command->callback([&] { choice.run = [&] { return ShowStatus(choice.settings, choice.json); }; });
}

void AddRun(CLI::App& app, Choice& choice) {
  CLI::App* command =
      AddCommand(app, choice, "run", "Runs daemon and workers in the foreground, and starts again what ends.",
                 "  keyferry run --settings keyferry.toml      until Ctrl-C or SIGTERM\n"
                 "All run as one user, and receipts say so. In production let the service manager start them instead,\n"
                 "under separate users.\n");
  AddSettings(*command, choice);
  command->callback([&] { choice.run = [&] { return RunAgent(choice.settings); }; });
}

void AddPin(CLI::App& app, Choice& choice) {
  CLI::App* group = app.add_subcommand("pin", "Opens the latch that a wrong PIN shut.");
  group->require_subcommand(1);
  CLI::App* command = AddCommand(*group, choice, "retry", "Lets the worker try the PIN once more.",
                                 "  keyferry pin retry --domain payments\n"
                                 "Correct the PIN's file or credential first: a token counts wrong PINs.\n");
  AddSettings(*command, choice);
  command->add_option("--domain", choice.domain, "the domain; may be left out where there is only one")
      ->type_name("NAME");
  command->callback([&] { choice.run = [&] { return RetryPin(choice.settings, choice.domain, choice.json); }; });
}

void AddReceipt(CLI::App& app, Choice& choice) {
  CLI::App* group = app.add_subcommand("receipt", "Verifies and shows receipts, offline.");
  group->require_subcommand(1);
  CLI::App* verify =
      AddCommand(*group, choice, "verify", "Tells whether receipts are genuine.",
                 "  keyferry receipt verify r1.kfr r2.kfr --record /var/lib/keyferry/payments/record.kfr\n"
                 "Take the record from the ceremony's own copy, not from whoever gave you the receipts.\n"
                 "Exit code 6 where one is not genuine.\n");
  verify->add_option("FILE", choice.files, "receipts")->required();
  verify->add_option("--record", choice.record, "the domain's record, or the KMS's enrolment file")
      ->type_name("FILE")
      ->required();
  verify->callback([&] { choice.run = [&] { return VerifyReceipts(choice.files, choice.record, choice.json); }; });
  CLI::App* show = AddCommand(*group, choice, "show", "Shows what receipts say, without verifying them.",
                              "  keyferry receipt show r1.kfr\n");
  show->add_option("FILE", choice.files, "receipts")->required();
  show->callback([&] { choice.run = [&] { return ShowReceipts(choice.files, choice.json); }; });
}

void AddConfig(CLI::App& app, Choice& choice) {
  CLI::App* group = app.add_subcommand("config", "Checks settings files.");
  group->require_subcommand(1);
  CLI::App* command =
      AddCommand(*group, choice, "check", "Finds everything that is wrong with the settings, in all files at once.",
                 "  keyferry config check --settings keyferry.toml     with the files of its workers\n"
                 "  keyferry config check --settings worker.toml       of one worker\n");
  AddSettings(*command, choice);
  command->callback([&] { choice.run = [&] { return CheckConfig(choice.settings, choice.json); }; });
}

void AddExplain(CLI::App& app, Choice& choice) {
  CLI::App* command = AddCommand(app, choice, "explain", "Says what an error's code means and what to do next.",
                                 "  keyferry explain trust.seal-wrong\n"
                                 "  keyferry explain                      all codes\n");
  command->add_option("CODE", choice.code, "the words in brackets of an error");
  command->callback([&] { choice.run = [&] { return Explain(choice.code, choice.json); }; });
}

void AddCommands(CLI::App& app, Choice& choice) {
  app.formatter(std::make_shared<ExamplesFirst>());
  app.set_version_flag("--version", "keyferry " KEYFERRY_VERSION);
  app.require_subcommand(0, 1);
  AddSettings(app, choice);
  AddJson(app, choice);
  AddStatus(app, choice);
  AddRun(app, choice);
  AddBootstrapCommands(app, choice.bootstrap, &choice.json);
  AddPin(app, choice);
  AddReceipt(app, choice);
  AddConfig(app, choice);
  AddExplain(app, choice);
  app.footer(kExamples);  // last, since commands begin with the footer of their parent
}

// For errors: nothing may have been parsed, and each command has a flag of its own.
bool AsksForJson(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  return std::ranges::any_of(arguments, [](const char* argument) { return std::string_view(argument) == "--json"; });
}

int Perform(Choice& choice, bool json) {
  if (choice.bootstrap) {
    const Status done = choice.bootstrap();
    return done ? 0 : PrintError(done.error(), json);
  }
  const Result<ExitCode> done = choice.run ? choice.run() : ShowStatus(choice.settings, choice.json);
  return done ? static_cast<int>(*done) : PrintError(done.error(), json);
}

}  // namespace

int Main(int argc, char** argv) {
  if (const Status hardened = HardenProcess(); !hardened) return PrintError(hardened.error(), false);
  InitCrypto();
  Choice choice;
  CLI::App app("Looks after a Keyferry agent on its own host.", "keyferry");
  try {
    AddCommands(app, choice);
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return PrintError(Error::Make(Code::kUsage, error.what()), AsksForJson(argc, argv));
  }
  return Perform(choice, AsksForJson(argc, argv));
}

}  // namespace keyferry::cli
