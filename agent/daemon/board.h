// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/channel/channel.h"
#include "protocol/wire/bundle.h"

namespace keyferry::daemon {

// What a domain did since the daemon started.
struct DomainCounters {
  std::size_t queue = 0;        // accepted and not concluded
  std::uint64_t accepted = 0;   // journalled
  std::uint64_t concluded = 0;  // of these, ended with any outcome
  std::uint64_t refused = 0;    // of these, ended as refused or expired, or refused at the door with a receipt
  UnixSeconds last_delivery = 0;
};

// A worker as it was seen last.
struct WorkerView {
  bool reachable = false;
  channel::WorkerState state;  // where reachable
  std::string error;           // where not
  wire::Separation separation = wire::Separation::kNone;
};

// Where the threads leave what `keyferry status` shows. Any thread.
class Board {
 public:
  void SetQueue(const Id16& domain, std::size_t queue);
  void Accepted(const Id16& domain);
  void RefusedAtDoor(const Id16& domain);
  void Concluded(const Id16& domain, wire::Outcome outcome, UnixSeconds at);
  DomainCounters Counters(const Id16& domain) const;

  void SetWorker(const std::string& domain_name, WorkerView view);
  WorkerView Worker(const std::string& domain_name) const;
  wire::Separation SeparationOf(const std::string& domain_name) const;

  // A domain that is stopped takes and executes nothing until it is resumed; `why` is what the KMS is told.
  void StopDomain(const std::string& domain_name, Error why);
  void ResumeDomain(const std::string& domain_name);
  std::optional<Error> StopOf(const std::string& domain_name) const;

  // One warning per topic.
  void Warn(const std::string& topic, std::string text);
  void Clear(const std::string& topic);
  std::vector<std::string> Warnings() const;

  // The daemon cannot go on: the first error is kept.
  void Fail(Error error);
  std::optional<Error> Failure() const;

 private:
  mutable std::mutex mutex_;
  std::map<Id16, DomainCounters> counters_;
  std::map<std::string, WorkerView> workers_;
  std::map<std::string, Error> stopped_;
  std::map<std::string, std::string> warnings_;
  std::optional<Error> failure_;
};

}  // namespace keyferry::daemon
