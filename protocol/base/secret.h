// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/bytes.h"

namespace keyferry {

// Octets that must not be seen: PINs, passwords, components, keys. Held in guarded, locked memory (sodium_malloc),
// wiped when it goes; moves, never copies; has no stream operator and no way to a std::string.
class Secret {
 public:
  Secret() = default;
  // `size` zero octets. Code::kOutOfLockedMemory where the limit (RLIMIT_MEMLOCK) is too low.
  static Result<Secret> Allocate(std::size_t size);
  // Copies, then wipes `from`.
  static Result<Secret> TakeFrom(std::span<std::uint8_t> from);
  ~Secret();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The one door to the octets, so that a search for it lists every place that reads a secret.
  std::span<const std::uint8_t> Expose() const { return {data_, size_}; }
  std::span<std::uint8_t> ExposeMutable() { return {data_, size_}; }
  // Keeps the first `size` octets; wipes the rest.
  void Shrink(std::size_t size);
  // Takes the same time wherever the octets differ.
  bool Equals(const Secret& other) const;

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites memory in a way that the compiler keeps.
void Wipe(std::span<std::uint8_t> memory);

}  // namespace keyferry
