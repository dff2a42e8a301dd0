// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "targets/target/target.h"
#include "targets/worker/watchdog.h"

namespace keyferry::worker {

// A target whose every call, and that of its staged items, is watched: one deadline for each call of one item. Takes
// `target` over; `dog` must outlive it.
std::unique_ptr<target::Target> MakeWatchedTarget(std::unique_ptr<target::Target> target, Watchdog& dog);

}  // namespace keyferry::worker
