// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/board.h"

#include <utility>

namespace keyferry::daemon {

void Board::SetQueue(const Id16& domain, std::size_t queue) {
  const std::lock_guard lock(mutex_);
  counters_[domain].queue = queue;
}

void Board::Accepted(const Id16& domain) {
  const std::lock_guard lock(mutex_);
  DomainCounters& counters = counters_[domain];
  ++counters.accepted;
  ++counters.queue;
}

void Board::RefusedAtDoor(const Id16& domain) {
  const std::lock_guard lock(mutex_);
  ++counters_[domain].refused;
}

void Board::Concluded(const Id16& domain, wire::Outcome outcome, UnixSeconds at) {
  const std::lock_guard lock(mutex_);
  DomainCounters& counters = counters_[domain];
  ++counters.concluded;
  if (counters.queue > 0) --counters.queue;
  if (outcome == wire::Outcome::kRefused || outcome == wire::Outcome::kExpired) {
    ++counters.refused;
  } else {
    counters.last_delivery = at;
  }
}

DomainCounters Board::Counters(const Id16& domain) const {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.find(domain);
  return found == counters_.end() ? DomainCounters{} : found->second;
}

void Board::SetWorker(const std::string& domain_name, WorkerView view) {
  const std::lock_guard lock(mutex_);
  workers_[domain_name] = std::move(view);
}

WorkerView Board::Worker(const std::string& domain_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = workers_.find(domain_name);
  return found == workers_.end() ? WorkerView{} : found->second;
}

wire::Separation Board::SeparationOf(const std::string& domain_name) const { return Worker(domain_name).separation; }

void Board::StopDomain(const std::string& domain_name, Error why) {
  const std::lock_guard lock(mutex_);
  stopped_.insert_or_assign(domain_name, std::move(why));
}

void Board::ResumeDomain(const std::string& domain_name) {
  const std::lock_guard lock(mutex_);
  stopped_.erase(domain_name);
}

std::optional<Error> Board::StopOf(const std::string& domain_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = stopped_.find(domain_name);
  if (found == stopped_.end()) return std::nullopt;
  return found->second;
}

void Board::Warn(const std::string& topic, std::string text) {
  const std::lock_guard lock(mutex_);
  warnings_[topic] = std::move(text);
}

void Board::Clear(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  warnings_.erase(topic);
}

std::vector<std::string> Board::Warnings() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& [topic, text] : warnings_) texts.push_back(text);
  return texts;
}

void Board::Fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

std::optional<Error> Board::Failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace keyferry::daemon
