// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The command line of `keyferry` itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/base/json.h"
#include "tests/fakes/process.h"

namespace keyferry {
namespace {

fakes::Finished Keyferry(std::vector<std::string> words, const fakes::Surroundings& surroundings = {}) {
  const char* bin = std::getenv("KEYFERRY_BIN");
  words.insert(words.begin(), std::string(bin == nullptr ? "bin" : bin) + "/keyferry");
  return fakes::Run(words, surroundings);
}

TEST(CommandLine, HelpBeginsWithExamplesAndEndsWithTheExitCodes) {
  const auto help = Keyferry({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LT(help.out.find("Examples:"), help.out.find("Usage:"));
  for (const char* command : {"status", "run", "bootstrap", "pin", "receipt", "config", "explain"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + command + " "), std::string::npos) << command;
  }
  for (const char* line :
       {"   0  done", "   3  not bootstrapped", "   9  the daemon is not running", "  78  the settings"}) {
    EXPECT_NE(help.out.find(line), std::string::npos) << line;
  }
}

TEST(CommandLine, EveryCommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands = {
      {"status"},          {"run"},    {"pin", "retry"}, {"receipt", "verify"}, {"receipt", "show"},
      {"config", "check"}, {"explain"}};
  for (auto command : commands) {
    command.emplace_back("--help");
    const auto help = Keyferry(command);
    EXPECT_EQ(help.exit_code, 0) << command[0];
    EXPECT_LT(help.out.find("Examples:\n  keyferry " + command[0]), help.out.find("Usage: keyferry")) << help.out;
  }
}

TEST(CommandLine, ErrorsHaveThreeLines) {
  const auto unknown = Keyferry({"nonsense"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(std::ranges::count(unknown.err, '\n'), 3) << unknown.err;
  EXPECT_NE(unknown.err.find("[usage]"), std::string::npos) << unknown.err;
}

TEST(CommandLine, ErrorsAreJsonWhereJsonIsAskedFor) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status", "--json", "--settings", "/nowhere/k.toml"},
        std::vector<std::string>{"explain", "--json", "no-such-code"},
        std::vector<std::string>{"explain", "--json", "--nonsense"}}) {
    const auto failed = Keyferry(words);
    const auto json = Json::Parse(failed.err);
    ASSERT_TRUE(json) << failed.err;
    EXPECT_EQ(json->Text("format"), "keyferry-error/1");
    EXPECT_EQ(json->Integer("exit_code"), failed.exit_code);
  }
}

TEST(CommandLine, SettingsComeFromTheOptionThenTheEnvironment) {
  const fakes::Surroundings surroundings{.environment = {{"KEYFERRY_SETTINGS", "/nowhere/env.toml"}},
                                         .descriptors = {}};
  EXPECT_NE(Keyferry({}, surroundings).err.find("/nowhere/env.toml"), std::string::npos);
  EXPECT_NE(Keyferry({"status"}, surroundings).err.find("/nowhere/env.toml"), std::string::npos);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--settings", "/nowhere/option.toml", "status"},
        std::vector<std::string>{"status", "--settings", "/nowhere/option.toml"}}) {
    EXPECT_NE(Keyferry(words, surroundings).err.find("/nowhere/option.toml"), std::string::npos) << words[0];
  }
}

}  // namespace
}  // namespace keyferry
