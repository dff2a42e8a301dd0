// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/json.h"

namespace keyferry::daemon {

// Keeps what outsiders can cause from filling the disk: of the events of one kind the first is written at once, those
// that follow within a minute are counted and written as one line with "count". One thread.
class Tally {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kSpan{60};
  static constexpr std::size_t kKinds = 128;  // kinds beyond are counted together

  // One more event of the kind `key`; the line to write now, if any.
  std::optional<Json> Note(std::string key, const Json& event, Time now);
  // The lines whose minute is over; all of them where `all`.
  std::vector<Json> Due(Time now, bool all);

 private:
  struct Entry {
    Json event;
    std::uint64_t waiting = 0;
    Time written;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace keyferry::daemon
