// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "tests/bench/speed/daemon_figures.h"

namespace keyferry::bench {

struct Plan {
  std::size_t rounds = 5;
  std::size_t bundles = 4;  // of 100 keys, in each round, pipelined
  std::size_t stock = 10;   // bundles that make the 1,000 objects
};

// Who installs keys in a round, in this order.
enum class Runner : std::uint8_t { kProduct, kNaive, kBest, kChecked };
inline constexpr std::array kRunners = {Runner::kProduct, Runner::kNaive, Runner::kBest, Runner::kChecked};
std::string_view Name(Runner runner);  // "product", "naive", "best", "checked"

// The seconds that each runner took for the same number of keys, round by round.
struct Series {
  std::string place;        // "disk", "tmpfs"
  std::string file_system;  // as statfs names it
  std::size_t objects = 0;  // in each token when the first round begins
  std::size_t objects_at_end = 0;
  std::size_t keys = 0;  // installed in a round
  std::array<std::vector<double>, kRunners.size()> seconds;

  const std::vector<double>& Of(Runner runner) const { return seconds[static_cast<std::size_t>(runner)]; }
};

// The file system that holds `directory`: "ext2/3/4", "tmpfs", "xfs", "btrfs", "overlay", or its magic number.
Result<std::string> FileSystemOf(const std::string& directory);

// One world and three tokens for the bare loops below `directory`, and the rounds in them: with empty tokens, then with
// plan.stock × 100 objects in each. `daemon` is filled where it is given.
Result<std::vector<Series>> RunPlace(const std::string& place, const std::string& directory, const Plan& plan,
                                     std::optional<DaemonFigures>* daemon);

}  // namespace keyferry::bench
