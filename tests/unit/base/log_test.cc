// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <regex>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/file.h"
#include "tests/unit/base/temporary_directory.h"

namespace keyferry {
namespace {

std::string StandardErrorOf(const std::function<void()>& act) {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("err");
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  const UniqueFd saved(dup(2));
  dup2(file.get(), 2);
  act();
  dup2(saved.get(), 2);
  const auto text = ReadFile(path, 1 << 20);
  return text ? std::string(AsText(*text)) : "unreadable";
}

constexpr const char* kTime = R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";

// First, before StartLog is called by the others.
TEST(Log, WorksBeforeItIsStarted) {
  const std::string line = StandardErrorOf([] {
    Log(LogLevel::kInfo, "early", {{"n", 5}});
    Log(LogLevel::kDebug, "not shown");
  });
  EXPECT_TRUE(std::regex_match(line, std::regex(std::string(kTime) + "info base_test early n=5\n"))) << line;
}

TEST(Log, WritesFields) {
  const std::string line = StandardErrorOf([] {
    StartLog("keyferryd", LogLevel::kDebug);
    Log(LogLevel::kWarning, "bundle refused",
        {{"signer", "ab12"}, {"sequence", std::uint64_t{18446744073709551615U}}, {"age", std::int64_t{-1}}});
  });
  EXPECT_TRUE(std::regex_match(line, std::regex(std::string(kTime) + "warning keyferryd bundle refused signer=ab12 "
                                                                     "sequence=18446744073709551615 age=-1\n")))
      << line;
}

TEST(Log, ValuesCannotForgeALineOrAField) {
  const std::string line = StandardErrorOf([] {
    StartLog("p", LogLevel::kInfo);
    Log(LogLevel::kInfo, "m", {{"a", "x\nforged"}, {"b", "y c=z"}, {"d", "q\"r"}, {"e", ""}, {"f", "back\\"}});
  });
  EXPECT_TRUE(line.ends_with(" info p m a=x\\x0aforged b=\"y c=z\" d=\"q\\\"r\" e=\"\" f=back\\\\\n")) << line;
}

TEST(Log, FormatCharactersMeanNothing) {
  const std::string line = StandardErrorOf([] {
    StartLog("p", LogLevel::kInfo);
    Log(LogLevel::kInfo, "m {} %s", {{"a", "{0}%n"}});
  });
  EXPECT_TRUE(line.ends_with(" info p m {} %s a={0}%n\n")) << line;
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
  EXPECT_EQ(StandardErrorOf([] {
              StartLog("p", LogLevel::kError);
              Log(LogLevel::kWarning, "m");
            }),
            "");
}

TEST(Log, WritesAnErrorWithItsParts) {
  const std::string line = StandardErrorOf([] {
    StartLog("p", LogLevel::kError);
    LogError("cannot start", Error::Caused(Code::kStoreFull, "store full", "ENOSPC").NextStep("free"),
             {{"domain", "d"}});
  });
  EXPECT_TRUE(
      line.ends_with(" error p cannot start domain=d code=store.full error=\"store full\" cause=ENOSPC next=free\n"))
      << line;
}

}  // namespace
}  // namespace keyferry
