// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/process_memory.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "protocol/base/file.h"
#include "tests/fakes/process.h"
#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMostPages = 1024;  // read at once

struct Region {
  std::uint64_t begin = 0, end = 0;
  std::string line;  // of /proc/PID/maps, to name it
};

std::vector<Region> RegionsOf(pid_t pid) {
  std::vector<Region> regions;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    Region region;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &region.begin, &region.end) != 2) continue;
    if (line.find("[vvar") != std::string::npos || line.find("[vsyscall]") != std::string::npos) continue;
    region.line = line;
    regions.push_back(std::move(region));
  }
  return regions;
}

// Reads a process page by page of what is there, in order of the addresses.
class Reader {
 public:
  Reader(pid_t pid, std::string name, const Scanner& scanner)
      : mem_(Open(pid, "mem")), pagemap_(Open(pid, "pagemap")), name_(std::move(name)), scanner_(&scanner) {}

  void Look(const Region& region) {
    const auto populated = Populated(region);
    std::uint64_t at = 0;
    bool any = false;
    while (at < populated.size()) {
      if (!populated[at]) {
        ++at;
        continue;
      }
      std::uint64_t to = at;
      while (to < populated.size() && populated[to] && to - at < kMostPages) ++to;
      Take(region, region.begin + at * kPage, (to - at) * kPage);
      any = true;
      at = to;
    }
    if (any) ++scan_.regions;
  }
  MemoryScan Done() { return std::move(scan_); }

 private:
  static UniqueFd Open(pid_t pid, const char* file) {
    return UniqueFd(open(("/proc/" + std::to_string(pid) + "/" + file).c_str(), O_RDONLY | O_CLOEXEC));
  }

  // Which pages are in memory (bit 63) or in swap (bit 62); all of them where the kernel does not tell.
  std::vector<bool> Populated(const Region& region) const {
    const std::uint64_t pages = (region.end - region.begin) / kPage;
    std::vector<std::uint64_t> entries(pages);
    const auto size = static_cast<ssize_t>(pages * sizeof(std::uint64_t));
    const auto offset = static_cast<off_t>(region.begin / kPage * sizeof(std::uint64_t));
    if (pread(pagemap_.get(), entries.data(), static_cast<std::size_t>(size), offset) != size) {
      return std::vector<bool>(pages, true);
    }
    std::vector<bool> populated(pages);
    for (std::uint64_t i = 0; i < pages; ++i) populated[i] = entries[i] >> 62 != 0;
    return populated;
  }

  void Take(const Region& region, std::uint64_t address, std::uint64_t size) {
    // The end of what stood before, so that a window across two reads is seen.
    const std::size_t kept = address == next_ ? std::min(Scanner::kWindow - 1, buffer_.size()) : 0;
    Bytes buffer(buffer_.end() - static_cast<std::ptrdiff_t>(kept), buffer_.end());
    buffer.resize(kept + size);
    const ssize_t got = pread(mem_.get(), buffer.data() + kept, size, static_cast<off_t>(address));
    if (got != static_cast<ssize_t>(size)) {
      scan_.unreadable += region.line + "\n";
      return;
    }
    for (Finding& finding : scanner_->Scan(name_ + ": " + region.line, buffer)) {
      scan_.findings.push_back(std::move(finding));
    }
    scan_.octets += size;
    next_ = address + size;
    buffer_ = std::move(buffer);
  }

  UniqueFd mem_;
  UniqueFd pagemap_;
  std::string name_;
  const Scanner* scanner_;
  MemoryScan scan_;
  Bytes buffer_;
  std::uint64_t next_ = 0;
};

}  // namespace

MemoryScan ScanMemory(pid_t pid, const std::string& name, const Scanner& scanner) {
  Reader reader(pid, name, scanner);
  for (const Region& region : RegionsOf(pid)) reader.Look(region);
  return reader.Done();
}

char StateOf(pid_t pid) {
  const std::string stat = world::Slurp("/proc/" + std::to_string(pid) + "/stat");
  const auto bracket = stat.rfind(')');
  return bracket == std::string::npos || bracket + 2 >= stat.size() ? '\0' : stat[bracket + 2];
}

Frozen::Frozen(pid_t pid) : pid_(pid) {
  kill(pid_, SIGSTOP);
  fakes::Eventually([&] {
    const char state = StateOf(pid_);
    return state == 'T' || state == 'Z' || state == '\0';
  });
}

Frozen::~Frozen() { kill(pid_, SIGCONT); }

std::vector<Finding> ScanFiles(const std::string& directory, const Scanner& scanner, std::size_t& files) {
  std::vector<Finding> findings;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    ++files;
    const std::string content = world::Slurp(it->path());
    for (Finding& finding : scanner.Scan(it->path(), AsBytes(content))) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace keyferry::secrecy
