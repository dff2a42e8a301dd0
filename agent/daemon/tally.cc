// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/tally.h"

namespace keyferry::daemon {

std::optional<Json> Tally::Note(std::string key, const Json& event, Time now) {
  if (entries_.size() >= kKinds && !entries_.contains(key)) key = "more kinds than are told apart";
  const auto [place, fresh] = entries_.try_emplace(std::move(key), Entry{.event = event, .waiting = 0, .written = now});
  Entry& entry = place->second;
  if (fresh) {
    Json line = event;
    return line.Set("count", 1);
  }
  entry.event = event;
  ++entry.waiting;
  if (now - entry.written < kSpan) return std::nullopt;
  Json line = event;
  line.Set("count", entry.waiting);
  entry.waiting = 0;
  entry.written = now;
  return line;
}

std::vector<Json> Tally::Due(Time now, bool all) {
  std::vector<Json> lines;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    if (!all && now - entry.written < kSpan) {
      ++at;
      continue;
    }
    if (entry.waiting == 0) {
      at = entries_.erase(at);
      continue;
    }
    lines.push_back(entry.event);
    lines.back().Set("count", entry.waiting);
    entry.waiting = 0;
    entry.written = now;
    ++at;
  }
  return lines;
}

}  // namespace keyferry::daemon
