// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/daemon/wake.h"

namespace keyferry::daemon {

// What passes between two threads: bounded in number and in octets, first in first out, any number of producers, one
// consumer. An empty queue takes an item of any size.
template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(std::size_t most_items, std::size_t most_octets) : most_items_(most_items), most_octets_(most_octets) {}

  // False where it is full or closed; `item` is then as it was.
  bool TryPush(T& item, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    if (closed_ || !HasRoom(octets)) return false;
    Add(std::move(item), octets);
    return true;
  }

  // Waits for room. False where it is closed.
  bool Push(T item, std::size_t octets) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || HasRoom(octets); });
    if (closed_) return false;
    Add(std::move(item), octets);
    return true;
  }

  // What waits, at most `most` items, after waiting up to `patience` for the first. Empty after that, or once closed
  // and empty.
  std::vector<T> PopSome(std::size_t most, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, patience, [&] { return closed_ || !items_.empty(); });
    std::vector<T> taken;
    while (!items_.empty() && taken.size() < most) {
      octets_ -= items_.front().second;
      taken.push_back(std::move(items_.front().first));
      items_.pop_front();
    }
    if (items_.empty()) wake_.Clear();
    room_.notify_all();
    return taken;
  }

  // Refuses what comes from now on; what waits can still be taken.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
    wake_.Signal();
  }

  bool Drained() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

  // Readable while something waits: for consumers that poll other descriptors too.
  int fd() const { return wake_.fd(); }

 private:
  bool HasRoom(std::size_t octets) const {
    return items_.empty() || (items_.size() < most_items_ && octets_ + octets <= most_octets_);
  }
  void Add(T&& item, std::size_t octets) {
    octets_ += octets;
    items_.emplace_back(std::move(item), octets);
    filled_.notify_one();
    wake_.Signal();
  }

  const std::size_t most_items_;
  const std::size_t most_octets_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t octets_ = 0;
  bool closed_ = false;
  Wake wake_;
};

}  // namespace keyferry::daemon
