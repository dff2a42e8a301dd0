// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/layering/house_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

namespace keyferry::layering {
namespace {

using Rooms = std::set<std::string, std::less<>>;

// Which room may look into which. `base` is open to everybody and everybody into itself.
const std::map<std::string, Rooms, std::less<>> kDoors = {
    {"protocol/base", {}},
    {"protocol/settings", {}},
    {"protocol/wire", {}},
    {"protocol/seal", {"protocol/wire"}},
    {"protocol/channel", {"protocol/wire"}},
    {"protocol/sender",
     {"protocol/seal", "protocol/wire", "targets/cryptoki", "bootstrap/record", "bootstrap/ceremony"}},
    {"targets/target", {}},
    {"targets/cryptoki", {}},
    {"targets/hsm", {"targets/target", "targets/cryptoki"}},
    {"targets/certstore", {"targets/target", "targets/cryptoki"}},
    {"targets/java", {"targets/target"}},
    {"targets/worker",
     {"targets/hsm", "targets/certstore", "targets/java", "targets/target", "targets/cryptoki", "protocol/seal",
      "protocol/wire", "protocol/settings", "protocol/channel", "bootstrap/record"}},
    {"bootstrap/record", {}},
    {"bootstrap/ceremony", {"bootstrap/record", "targets/cryptoki", "protocol/seal", "protocol/wire"}},
    {"agent/daemon", {"protocol/wire", "protocol/seal", "protocol/settings", "protocol/channel", "bootstrap/record"}},
    {"agent/cli",
     {"protocol/settings", "protocol/wire", "protocol/seal", "protocol/channel", "targets/target", "targets/cryptoki",
      "targets/hsm", "targets/certstore", "targets/java", "targets/worker", "bootstrap/record", "bootstrap/ceremony"}},
};

// Doors that only some files of a room may use. sender: the program keyferry-kms holds ceremonies, the library that a
// KMS links does not.
struct NarrowDoor {
  std::string_view from, to;
  std::set<std::string_view> files;
};
const NarrowDoor kNarrowDoors[] = {
    {"targets/worker", "targets/hsm", {"targets/worker/target_kinds.cc"}},
    {"targets/worker", "targets/certstore", {"targets/worker/target_kinds.cc"}},
    {"targets/worker", "targets/java", {"targets/worker/target_kinds.cc"}},
    {"protocol/sender",
     "bootstrap/ceremony",
     {"protocol/sender/main.cc", "protocol/sender/enrol_commands.cc", "protocol/sender/enrol_commands.h"}},
};

struct HeavyLibrary {
  std::string_view name;
  std::string_view prefix;  // of its headers
  std::string_view place;   // the file or the folder of the one file that may include them
};
constexpr HeavyLibrary kHeavyLibraries[] = {{"toml++", "toml++/", "protocol/settings/"},
                                            {"nlohmann", "nlohmann/", "protocol/base/json.cc"},
                                            {"spdlog", "spdlog/", "protocol/base/log.cc"}};

constexpr std::string_view kTopFolders[] = {"protocol/", "targets/", "bootstrap/", "agent/", "tests/", "deploy/"};

bool OfTheProject(std::string_view path) {
  return std::ranges::any_of(kTopFolders, [&](std::string_view folder) { return path.starts_with(folder); });
}

// "protocol/base" of "protocol/base/error.h"; the folder below a room belongs to the room.
std::string_view RoomOf(std::string_view path) {
  const auto first = path.find('/');
  const auto second = first == std::string_view::npos ? first : path.find('/', first + 1);
  return second == std::string_view::npos ? std::string_view() : path.substr(0, second);
}

bool IsCode(std::string_view path) { return path.ends_with(".cc") || path.ends_with(".h") || path.ends_with(".def"); }

bool IsTest(std::string_view path) { return path.starts_with("tests/"); }

struct Include {
  std::string path;
  bool quoted;
};

std::optional<Include> IncludeOf(std::string_view line) {
  const auto skip = [&line] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
  skip();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(7);
  skip();
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
  const bool quoted = line.front() == '"';
  const auto end = line.find(quoted ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(1, end - 1)), quoted};
}

std::vector<Include> IncludesOf(const SourceFile& file) {
  std::vector<Include> includes;
  std::istringstream lines(file.text);
  for (std::string line; std::getline(lines, line);) {
    if (auto include = IncludeOf(line)) includes.push_back(std::move(*include));
  }
  return includes;
}

std::string Edge(std::string_view from, std::string_view to) { return std::string(from) + " -> " + std::string(to); }

// What is wrong with an include of the project by a room's file; empty: nothing.
std::string WrongWith(const SourceFile& file, const Include& include) {
  if (!OfTheProject(include.path)) {
    return include.quoted ? "written from another place than the root" : "";
  }
  const std::string_view from = RoomOf(file.path);
  const std::string_view to = RoomOf(include.path);
  const auto doors = kDoors.find(from);
  if (doors == kDoors.end()) return "the including room is not in the table of doors";
  if (from == to || to == "protocol/base") return from == to || from != "protocol/base" ? "" : "no such door";
  if (!doors->second.contains(to)) return "no such door";
  for (const NarrowDoor& door : kNarrowDoors) {
    if (door.from == from && door.to == to && !door.files.contains(file.path)) return "not by this file";
  }
  return "";
}

using Graph = std::map<std::string, std::set<std::string>>;

// One cycle, "a -> b -> a", for each node at which a depth-first walk closes one.
class CycleFinder {
 public:
  explicit CycleFinder(const Graph& graph) : graph_(graph) {}

  Violations Find() {
    for (const auto& [node, next] : graph_) Visit(node);
    return std::move(found_);
  }

 private:
  void Visit(const std::string& node) {
    if (done_.contains(node)) return;
    if (const auto open = std::ranges::find(path_, node); open != path_.end()) {
      std::string cycle = "cycle: ";
      for (auto at = open; at != path_.end(); ++at) cycle += *at + " -> ";
      found_.push_back(cycle + node);
      return;
    }
    path_.push_back(node);
    if (const auto next = graph_.find(node); next != graph_.end()) {
      for (const std::string& child : next->second) Visit(child);
    }
    path_.pop_back();
    done_.insert(node);
  }

  const Graph& graph_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
  Violations found_;
};

std::size_t LinesOf(const std::string& text) {
  const auto newlines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return newlines + (text.empty() || text.back() == '\n' ? 0 : 1);
}

bool IsGenerated(std::string_view path) { return path.find(".pb.") != std::string_view::npos; }

}  // namespace

Violations CheckDoors(const std::vector<SourceFile>& files) {
  Violations violations;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || IsTest(file.path)) continue;
    for (const Include& include : IncludesOf(file)) {
      const std::string wrong = WrongWith(file, include);
      if (!wrong.empty()) violations.push_back(Edge(file.path, include.path) + ": " + wrong);
    }
  }
  return violations;
}

Violations CheckFileCycles(const std::vector<SourceFile>& files) {
  Graph graph;
  for (const SourceFile& file : files) {
    for (Include& include : IncludesOf(file)) {
      if (OfTheProject(include.path)) graph[file.path].insert(std::move(include.path));
    }
  }
  return CycleFinder(graph).Find();
}

Violations CheckRoomCycles(const std::vector<SourceFile>& files) {
  Graph graph;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || IsTest(file.path)) continue;
    for (const Include& include : IncludesOf(file)) {
      if (!OfTheProject(include.path) || RoomOf(include.path) == RoomOf(file.path)) continue;
      graph[std::string(RoomOf(file.path))].insert(std::string(RoomOf(include.path)));
    }
  }
  return CycleFinder(graph).Find();
}

Violations CheckHeavyLibraries(const std::vector<SourceFile>& files) {
  Violations violations;
  for (const HeavyLibrary& library : kHeavyLibraries) {
    std::set<std::string> users;
    for (const SourceFile& file : files) {
      const auto includes = IncludesOf(file);
      if (std::ranges::any_of(includes, [&](const Include& i) { return i.path.starts_with(library.prefix); })) {
        users.insert(file.path);
      }
    }
    for (const std::string& user : users) {
      if (!user.starts_with(library.place) || !user.ends_with(".cc")) {
        violations.push_back(user + ": " + std::string(library.name) + " does not belong here");
      } else if (users.size() > 1) {
        violations.push_back(user + ": " + std::string(library.name) + " is included by more than one file");
      }
    }
  }
  return violations;
}

Violations CheckLengths(const std::vector<SourceFile>& files) {
  Violations violations;
  for (const SourceFile& file : files) {
    if (IsTest(file.path) || IsGenerated(file.path)) continue;
    const std::size_t most = file.path.ends_with(".cc") ? 300 : file.path.ends_with(".h") ? 120 : 0;
    const std::size_t lines = LinesOf(file.text);
    if (most != 0 && lines > most) {
      violations.push_back(file.path + ": " + std::to_string(lines) + " lines, at most " + std::to_string(most));
    }
  }
  return violations;
}

Violations CheckLicences(const std::vector<SourceFile>& files) {
  constexpr std::string_view kEndings[] = {".cc", ".h",    ".def",   ".proto",   ".sh",
                                           ".py", ".toml", ".cmake", ".service", "CMakeLists.txt"};
  Violations violations;
  for (const SourceFile& file : files) {
    if (std::ranges::none_of(kEndings, [&](std::string_view end) { return file.path.ends_with(end); })) continue;
    std::istringstream lines(file.text);
    std::string first, second;
    std::getline(lines, first);
    if (first.starts_with("#!")) std::getline(lines, first);
    std::getline(lines, second);
    if (!first.ends_with(" SPDX-FileCopyrightText: The Keyferry authors") ||
        !second.ends_with(" SPDX-License-Identifier: Apache-2.0")) {
      violations.push_back(file.path + ": the two SPDX lines must come first");
    }
  }
  return violations;
}

}  // namespace keyferry::layering
