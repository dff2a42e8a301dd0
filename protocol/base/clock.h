// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace keyferry {

// Seconds since 1970-01-01T00:00:00Z, as the wire carries dates.
using UnixSeconds = std::int64_t;

// The time, as an interface so that tests can set it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixSeconds Now() const = 0;
  // For deadlines and durations; never goes back.
  virtual std::chrono::steady_clock::time_point Monotonic() const = 0;
  virtual void SleepFor(std::chrono::milliseconds duration) = 0;
};

class SystemClock final : public Clock {
 public:
  UnixSeconds Now() const override;
  std::chrono::steady_clock::time_point Monotonic() const override;
  void SleepFor(std::chrono::milliseconds duration) override;
};

// "2026-11-21T09:30:00Z".
std::string FormatTime(UnixSeconds time);

}  // namespace keyferry
