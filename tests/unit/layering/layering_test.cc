// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The house rules, on the house itself. That they can fail is shown in house_rules_test.cc.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/layering/house_rules.h"

namespace keyferry::layering {
namespace {

std::vector<SourceFile> ReadTree() {
  const char* root = std::getenv("KEYFERRY_SOURCE");
  if (root == nullptr) {
    ADD_FAILURE() << "KEYFERRY_SOURCE must name the root of the source tree (ctest sets it)";
    return {};
  }
  std::vector<SourceFile> files;
  for (const char* folder : {"protocol", "targets", "bootstrap", "agent", "tests", "deploy", ".ci"}) {
    const auto start = std::filesystem::path(root) / folder;
    if (!std::filesystem::exists(start)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(start)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files.push_back({std::filesystem::relative(entry.path(), root).generic_string(),
                       std::string(std::istreambuf_iterator<char>(in), {})});
    }
  }
  return files;
}

const std::vector<SourceFile>& Tree() {
  static const std::vector<SourceFile> files = ReadTree();
  return files;
}

std::string Listed(const Violations& violations) {
  std::string all;
  for (const std::string& violation : violations) all += "\n  " + violation;
  return all.empty() ? "none" : all;
}

TEST(Layering, TheTreeIsThere) {
  const auto has = [](const char* path) {
    return std::ranges::any_of(Tree(), [&](const SourceFile& file) { return file.path == path; });
  };
  EXPECT_TRUE(has("protocol/base/error.h") && has("targets/worker/target_kinds.cc"));
}

TEST(Layering, OnlyOneWayDoors) { EXPECT_EQ(Listed(CheckDoors(Tree())), "none"); }
TEST(Layering, NoCyclesOfFiles) { EXPECT_EQ(Listed(CheckFileCycles(Tree())), "none"); }
TEST(Layering, NoCyclesOfRooms) { EXPECT_EQ(Listed(CheckRoomCycles(Tree())), "none"); }
TEST(Layering, HeavyLibrariesInOneFileEach) { EXPECT_EQ(Listed(CheckHeavyLibraries(Tree())), "none"); }
TEST(Layering, FilesAreShort) { EXPECT_EQ(Listed(CheckLengths(Tree())), "none"); }
TEST(Layering, LicencesAreThere) { EXPECT_EQ(Listed(CheckLicences(Tree())), "none"); }

}  // namespace
}  // namespace keyferry::layering
