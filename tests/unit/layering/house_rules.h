// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

namespace keyferry::layering {

// One file of the project; `path` from the root, with '/'.
struct SourceFile {
  std::string path;
  std::string text;
};

using Violations = std::vector<std::string>;

// Every include of one room by another that is not in the table of one-way doors, or that a room keeps to one of its
// files. Includes within the project must be written from the root.
Violations CheckDoors(const std::vector<SourceFile>& files);
// Every file that includes itself, by way of others or not.
Violations CheckFileCycles(const std::vector<SourceFile>& files);
// Every pair of rooms that can reach each other, the table of doors aside.
Violations CheckRoomCycles(const std::vector<SourceFile>& files);
// The heavy libraries: each is included by one .cc of one place.
Violations CheckHeavyLibraries(const std::vector<SourceFile>& files);
// 300 lines for an implementation and 120 for a header; tests and generated files may be longer.
Violations CheckLengths(const std::vector<SourceFile>& files);
// Two SPDX lines first, in every file that can have a comment.
Violations CheckLicences(const std::vector<SourceFile>& files);

}  // namespace keyferry::layering
