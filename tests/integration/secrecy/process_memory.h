// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/integration/secrecy/scanner.h"

namespace keyferry::secrecy {

// What became of looking through one process.
struct MemoryScan {
  std::vector<Finding> findings;
  std::size_t octets = 0;   // that were looked through
  std::size_t regions = 0;  // mappings with pages in them
  std::string unreadable;   // mappings that the kernel did not show, though pages are in them; empty: none
};

// Looks through every page that the process has in memory or in swap, of every mapping: heap, stacks, locked and
// guarded memory without access, libraries. Only the kernel's own [vvar] and [vsyscall] pages are left out, the same in
// every process. Wants root, since the programs under test are not dumpable. The process should be stopped (Frozen).
MemoryScan ScanMemory(pid_t pid, const std::string& name, const Scanner& scanner);

// The state in /proc/PID/stat: 'T' stopped, 'Z' ended; 0 where there is no such process.
char StateOf(pid_t pid);

// Stops a process for as long as the object lives; waits until it stands still.
class Frozen {
 public:
  explicit Frozen(pid_t pid);
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  pid_t pid_;
};

// Every regular file below `directory`.
std::vector<Finding> ScanFiles(const std::string& directory, const Scanner& scanner, std::size_t& files);

}  // namespace keyferry::secrecy
