// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/clock.h"

#include <array>
#include <ctime>
#include <thread>

namespace keyferry {

UnixSeconds SystemClock::Now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::chrono::steady_clock::time_point SystemClock::Monotonic() const { return std::chrono::steady_clock::now(); }

void SystemClock::SleepFor(std::chrono::milliseconds duration) { std::this_thread::sleep_for(duration); }

std::string FormatTime(UnixSeconds time) {
  const std::time_t seconds = time;
  std::tm parts = {};
  // Dates come from outside too; what no calendar holds is shown as the number it is.
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(time);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace keyferry
