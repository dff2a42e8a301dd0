// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/secret.h"

#include <sodium.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

namespace keyferry {

Result<Secret> Secret::Allocate(std::size_t size) {
  // Cheap once done; without it the guard pages would be made for the wrong page size.
  if (sodium_init() < 0) std::abort();
  Secret secret;
  if (size == 0) return secret;
  secret.data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  // sodium_malloc goes on where the lock was refused; asking again tells whether it was.
  if (secret.data_ == nullptr || mlock(secret.data_, size) != 0) {
    return std::unexpected(
        Error::FromErrno(Code::kOutOfLockedMemory, "cannot lock " + std::to_string(size) + " octets of memory"));
  }
  secret.size_ = size;
  std::ranges::fill(secret.ExposeMutable(), std::uint8_t{0});
  return secret;
}

Result<Secret> Secret::TakeFrom(std::span<std::uint8_t> from) {
  auto secret = Allocate(from.size());
  if (secret) std::ranges::copy(from, secret->data_);
  Wipe(from);
  return secret;
}

// sodium_free wipes, takes a null pointer, and aborts where the octets before the block were overwritten.
Secret::~Secret() { sodium_free(data_); }

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Secret::Shrink(std::size_t size) {
  if (size >= size_) return;
  Wipe(ExposeMutable().subspan(size));
  size_ = size;
}

bool Secret::Equals(const Secret& other) const {
  return size_ == other.size_ && (size_ == 0 || sodium_memcmp(data_, other.data_, size_) == 0);
}

void Wipe(std::span<std::uint8_t> memory) {
  if (!memory.empty()) sodium_memzero(memory.data(), memory.size());
}

}  // namespace keyferry
