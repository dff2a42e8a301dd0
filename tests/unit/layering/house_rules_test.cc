// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Made-up trees, good and bad: what shows that the rules can fail.

#include "tests/unit/layering/house_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyferry::layering {
namespace {

SourceFile Including(const std::string& path, const std::vector<std::string>& includes) {
  std::string text = "#pragma once\n";
  for (const std::string& include : includes) text += "#include \"" + include + "\"\n";
  return {path, text};
}

using Files = std::vector<SourceFile>;

TEST(Doors, TakesWhatIsAllowed) {
  EXPECT_EQ(CheckDoors(Files{
                Including("protocol/base/file.cc", {"protocol/base/file.h"}),
                Including("protocol/seal/seal.h", {"protocol/wire/envelope.h", "protocol/base/error.h"}),
                Including("targets/worker/target_kinds.cc", {"targets/hsm/hsm_target.h"}),
                Including("protocol/sender/enrol_commands.cc", {"bootstrap/ceremony/request.h"}),
                Including("agent/cli/main.cc", {"bootstrap/ceremony/request.h", "protocol/settings/settings.h"}),
                Including("tests/unit/x/x_test.cc", {"agent/daemon/journal.h", "protocol/sender/sender.h"}),
                {"protocol/base/log.cc", "#include <string>\n// #include \"agent/cli/x.h\"\n"},
            }),
            Violations());
}

TEST(Doors, RefusesEveryOtherEdge) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"protocol/base/file.cc", "protocol/wire/codec.h"},          // base knows nobody
      {"protocol/wire/codec.cc", "protocol/seal/seal.h"},          // backwards
      {"protocol/settings/settings.cc", "protocol/wire/codec.h"},  // sideways
      {"protocol/seal/seal.cc", "targets/cryptoki/session.h"},     // seal has interfaces for that
      {"targets/hsm/a.cc", "protocol/wire/codec.h"},
      {"targets/worker/main.cc", "bootstrap/ceremony/request.h"},
      {"agent/daemon/main.cc", "targets/cryptoki/module.h"},  // the daemon loads no vendor library
      {"agent/daemon/main.cc", "agent/cli/commands.h"},
      {"agent/cli/main.cc", "agent/daemon/journal.h"},
      {"agent/cli/main.cc", "protocol/sender/sender.h"},
      {"protocol/sender/main.cc", "agent/cli/commands.h"},
      {"protocol/base/a.h", "tests/fakes/clock.h"},
  };
  for (const auto& [from, to] : bad) {
    EXPECT_EQ(CheckDoors(Files{Including(from, {to})}), Violations{from + " -> " + to + ": no such door"});
  }
}

TEST(Doors, KeepsANarrowDoorToItsFiles) {
  const std::string hsm = "targets/hsm/hsm_target.h";
  for (const std::string from : {"targets/worker/worker.cc", "targets/worker/target_kinds.h"}) {
    EXPECT_EQ(CheckDoors(Files{Including(from, {hsm})}), Violations{from + " -> " + hsm + ": not by this file"});
  }
  EXPECT_EQ(CheckDoors(Files{Including("protocol/sender/sender.cc", {"bootstrap/ceremony/request.h"})}).size(), 1U);
}

TEST(Doors, SeesEveryWayOfWritingIt) {
  for (const std::string line : {"#include <protocol/wire/codec.h>", "  #  include \"protocol/wire/codec.h\" // x",
                                 "#include\t\"protocol/wire/codec.h\"", "#include\"protocol/wire/codec.h\""}) {
    EXPECT_EQ(CheckDoors(Files{{"protocol/base/a.cc", line}}).size(), 1U) << line;
  }
}

TEST(Doors, RefusesIncludesThatDoNotBeginAtTheRoot) {
  for (const std::string path : {"error.h", "../wire/codec.h", "base/error.h"}) {
    EXPECT_EQ(CheckDoors(Files{Including("protocol/base/a.cc", {path})}).size(), 1U) << path;
  }
}

TEST(Doors, RefusesARoomThatNobodyKnows) {
  EXPECT_EQ(CheckDoors(Files{Including("protocol/attic/a.cc", {"protocol/base/error.h"})}).size(), 1U);
  EXPECT_EQ(CheckDoors(Files{Including("protocol/wire/a.cc", {"protocol/attic/a.h"})}).size(), 1U);
}

TEST(Cycles, OfFiles) {
  EXPECT_EQ(CheckFileCycles(Files{Including("protocol/base/a.h", {"protocol/base/b.h"}),
                                  Including("protocol/base/b.h", {"protocol/base/c.h"}),
                                  Including("protocol/base/d.h", {"protocol/base/b.h", "protocol/base/c.h"}),
                                  Including("protocol/base/c.h", {})}),
            Violations());
  EXPECT_EQ(CheckFileCycles(Files{Including("protocol/base/a.h", {"protocol/base/b.h"}),
                                  Including("protocol/base/b.h", {"protocol/base/c.h"}),
                                  Including("protocol/base/c.h", {"protocol/base/b.h"})}),
            Violations{"cycle: protocol/base/b.h -> protocol/base/c.h -> protocol/base/b.h"});
  EXPECT_EQ(CheckFileCycles(Files{Including("protocol/base/a.h", {"protocol/base/a.h"})}).size(), 1U);
}

TEST(Cycles, OfRooms) {
  const Files bad = {Including("protocol/wire/a.h", {"protocol/seal/b.h"}),
                     Including("protocol/seal/c.h", {"protocol/wire/d.h"})};
  EXPECT_EQ(CheckFileCycles(bad), Violations()) << "no file includes itself here";
  EXPECT_EQ(CheckRoomCycles(bad), Violations{"cycle: protocol/seal -> protocol/wire -> protocol/seal"});
}

TEST(HeavyLibraries, OneFileEach) {
  const SourceFile json = {"protocol/base/json.cc", "#include <nlohmann/json.hpp>\n"};
  const SourceFile log = {"protocol/base/log.cc", "#include <spdlog/logger.h>\n#include <spdlog/spdlog.h>\n"};
  const SourceFile toml = {"protocol/settings/toml_reader.cc", "#include <toml++/toml.h>\n"};
  EXPECT_EQ(CheckHeavyLibraries(Files{json, log, toml}), Violations());
  EXPECT_EQ(CheckHeavyLibraries(Files{json, {"agent/cli/a.cc", json.text}}).size(), 2U);
  EXPECT_EQ(CheckHeavyLibraries(Files{{"tests/unit/a/a_test.cc", json.text}}).size(), 1U) << "tests as well";
  EXPECT_EQ(CheckHeavyLibraries(Files{{"agent/daemon/log.cc", log.text}}).size(), 1U);
  EXPECT_EQ(CheckHeavyLibraries(Files{toml, {"protocol/settings/other.cc", toml.text}}).size(), 2U);
  EXPECT_EQ(CheckHeavyLibraries(Files{{"protocol/settings/toml.h", toml.text}}).size(), 1U) << "no header";
}

std::string Lines(std::size_t count) {
  std::string text;
  while (count-- > 0) text += "//\n";
  return text;
}

TEST(Lengths, AreBounded) {
  EXPECT_EQ(CheckLengths(Files{{"protocol/base/a.cc", Lines(300)},
                               {"protocol/base/a.h", Lines(120)},
                               {"protocol/base/codes.def", Lines(1000)},
                               {"protocol/wire/bundle.pb.cc", Lines(1000)},
                               {"tests/unit/base/a_test.cc", Lines(1000)}}),
            Violations());
  EXPECT_EQ(CheckLengths(Files{{"protocol/base/a.cc", Lines(301)}}),
            Violations{"protocol/base/a.cc: 301 lines, at most 300"});
  EXPECT_EQ(CheckLengths(Files{{"protocol/base/a.h", Lines(120) + "x"}}).size(), 1U);
}

TEST(Licences, ComeFirst) {
  const std::string text = "SPDX-FileCopyrightText: The Keyferry authors";
  const std::string id = "SPDX-License-Identifier: Apache-2.0";
  EXPECT_EQ(CheckLicences(Files{{"protocol/base/a.cc", "// " + text + "\n// " + id + "\n"},
                                {"deploy/check", "no ending, not looked at"},
                                {"deploy/x.sh", "#!/bin/sh\n# " + text + "\n# " + id + "\n"},
                                {"protocol/base/CMakeLists.txt", "# " + text + "\n# " + id + "\n"}}),
            Violations());
  EXPECT_EQ(CheckLicences(Files{{"protocol/base/a.cc", ""},
                                {"protocol/base/b.cc", "// " + text + "\n"},
                                {"protocol/base/c.h", "#pragma once\n// " + text + "\n// " + id + "\n"},
                                {"deploy/keyferry.toml", "# " + text + "\n# SPDX-License-Identifier: MIT\n"},
                                {"protocol/base/CMakeLists.txt", "add_library(x)\n"}})
                .size(),
            5U);
}

}  // namespace
}  // namespace keyferry::layering
