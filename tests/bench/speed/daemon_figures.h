// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/result.h"
#include "tests/integration/world/world.h"

namespace keyferry::bench {

struct DaemonFigures {
  std::uint64_t bundles = 0;  // it had concluded when its memory was read
  std::uint64_t anonymous_kib = 0;
  std::uint64_t resident_kib = 0;
  double ready_seconds = 0;  // from fork to READY=1, the median of some starts
};

// Of the keyferryd of `world`, which is stopped by it. Memory from /proc/PID/smaps_rollup: keyferryd is not dumpable,
// so that only root may read it. Code::kFileUnreadable says so.
Result<DaemonFigures> MeasureDaemon(world::World& world, std::uint64_t bundles);

}  // namespace keyferry::bench
