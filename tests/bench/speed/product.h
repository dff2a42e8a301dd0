// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/sender/home.h"
#include "protocol/sender/kms_token.h"
#include "protocol/sender/sender.h"
#include "tests/integration/world/world.h"

namespace keyferry::bench {

// What the KMS of a world sends: bundles of 100 AES-256 keys, wrapped and sealed in its token before the clock runs,
// and for each the bundle that deletes its keys again.
class Product {
 public:
  static constexpr std::size_t kKeysInBundle = 100;

  // The world's agent must be enrolled. Borrows the world.
  static Result<std::unique_ptr<Product>> Open(const world::World& world);

  // Between these two the KMS's token is open in this process, and no other module may be.
  Status OpenToken();
  void CloseToken();
  // Seals `count` bundles under the next numbers, durably. Returns the last number.
  Result<std::uint64_t> SealInstalls(std::size_t count);
  // The same for what the last SealInstalls installs.
  Result<std::uint64_t> SealDeletes();

  // Sends everything up to `last`, pipelined, and returns with its receipts, verified. This is what is timed. An error
  // where one does not say that every key is installed.
  Status Drive(std::uint64_t last);
  std::uint64_t delivered() const { return delivered_; }

 private:
  Product(const world::World& world, Ed25519KeyPair signer, Secret channel_key, sender::Store store)
      : world_(&world), signer_(std::move(signer)), channel_key_(std::move(channel_key)), store_(std::move(store)) {}
  Status WrapKeys();
  Result<std::uint64_t> Seal(std::vector<Item> items);

  const world::World* world_;
  SystemClock clock_;
  Ed25519KeyPair signer_;
  Secret channel_key_;
  sender::Store store_;
  std::unique_ptr<sender::DomainSender> sender_;
  std::unique_ptr<sender::KmsToken> token_;
  sender::Twins twins_;
  sender::DomainRow domain_;
  std::vector<Item> wrapped_;             // 100 keys, each in every bundle under a new name and id
  std::vector<std::vector<Item>> fresh_;  // what the last SealInstalls installs, bundle by bundle
  std::uint64_t serial_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace keyferry::bench
