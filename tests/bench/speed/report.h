// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/json.h"
#include "tests/bench/speed/place.h"

namespace keyferry::bench {

// Median, least and most of what the rounds gave.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

// The rate of the product over that of another runner, each round's own.
Spread Ratio(const Series& series, Runner other);
Spread KeysPerSecond(const Series& series, Runner runner);

// One figure and its limit.
struct Requirement {
  std::string what;
  Spread figure;
  double limit = 0;
  bool at_least = true;
  const char* unit = "";
  bool Met() const { return at_least ? figure.median >= limit : figure.median <= limit; }
};

std::vector<Requirement> Requirements(const std::vector<Series>& all, const std::optional<DaemonFigures>& daemon);

void PrintTable(const std::vector<Series>& all, const std::vector<Requirement>& requirements);
// Ratios in thousandths, since this project's JSON has no fractions; times in microseconds.
Json ToJson(const std::vector<Series>& all, const std::vector<Requirement>& requirements,
            const std::optional<DaemonFigures>& daemon);

}  // namespace keyferry::bench
