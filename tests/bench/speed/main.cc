// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// keyferry-bench --disk DIR [--memory DIR] [--json FILE] [--rounds N] [--bundles N]; deploy/bench calls it.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "protocol/base/crypto.h"
#include "tests/bench/speed/report.h"

namespace keyferry::bench {
namespace {

constexpr const char* kUsage =
    "usage: keyferry-bench --disk DIR --memory DIR [--json FILE] [--rounds N] [--bundles N]\n"
    "  --disk DIR    where token and state of the disk's figures lie; made where it is missing\n"
    "  --memory DIR  the same for the tmpfs's; either may be left out\n"
    "  --json FILE   writes all figures there\n"
    "  --rounds N    rounds that count (5)\n"
    "  --bundles N   bundles of 100 keys in a round (4)\n";

struct Arguments {
  std::map<std::string, std::string> given;

  std::string Text(const std::string& name) const {
    const auto found = given.find(name);
    return found == given.end() ? "" : found->second;
  }
  std::size_t Number(const std::string& name, std::size_t otherwise) const {
    const std::string text = Text(name);
    return text.empty() ? otherwise : std::strtoul(text.c_str(), nullptr, 10);
  }
};

Arguments Parse(int argc, char** argv) {
  static const std::set<std::string> kKnown = {"--disk", "--memory", "--json", "--rounds", "--bundles"};
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!kKnown.contains(argv[i])) return {};
    arguments.given[argv[i]] = argv[i + 1];
  }
  return argc % 2 == 1 ? arguments : Arguments{};
}

Status CheckKind(const std::string& directory, bool memory) {
  KF_TRY(const std::string file_system, FileSystemOf(directory));
  if ((file_system == "tmpfs") == memory) return {};
  return std::unexpected(Error::Make(
      Code::kUsage, "'" + directory + "' lies on " + file_system + (memory ? ", not on a tmpfs" : ", not on a disk")));
}

Result<bool> Run(const Arguments& arguments) {
  const Plan plan{.rounds = std::max<std::size_t>(1, arguments.Number("--rounds", 5)),
                  .bundles = std::max<std::size_t>(1, arguments.Number("--bundles", 4))};
  std::vector<Series> all;
  std::optional<DaemonFigures> daemon;
  for (const bool memory : {false, true}) {
    const std::string directory = arguments.Text(memory ? "--memory" : "--disk");
    if (directory.empty()) continue;
    KF_CHECK(CheckKind(directory, memory));
    KF_TRY(auto series, RunPlace(memory ? "tmpfs" : "disk", directory, plan, daemon ? nullptr : &daemon));
    std::ranges::move(series, std::back_inserter(all));
  }
  const auto requirements = Requirements(all, daemon);
  PrintTable(all, requirements);
  if (const std::string path = arguments.Text("--json"); !path.empty()) {
    std::ofstream(path) << ToJson(all, requirements, daemon).Dump(true) << "\n";
  }
  return std::ranges::all_of(requirements, &Requirement::Met);
}

}  // namespace
}  // namespace keyferry::bench

int main(int argc, char** argv) {
  keyferry::InitCrypto();
  const auto arguments = keyferry::bench::Parse(argc, argv);
  if (arguments.Text("--disk").empty() && arguments.Text("--memory").empty()) {
    std::fputs(keyferry::bench::kUsage, stderr);
    return 2;
  }
  const auto met = keyferry::bench::Run(arguments);
  if (!met) {
    std::fprintf(stderr, "keyferry-bench: %s\n", met.error().OneLine().c_str());
    return 1;
  }
  return *met ? 0 : 1;
}
