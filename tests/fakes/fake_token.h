// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "protocol/base/clock.h"
#include "protocol/seal/bundle_sealer.h"
#include "protocol/seal/receipt.h"

namespace keyferry::fakes {

// Both ends of seal-in, in software: SHA-256(key ‖ data) stands for the MAC of the token.
class FakeSeal final : public seal::SealSigner, public seal::SealVerifier {
 public:
  explicit FakeSeal(std::string_view key) : key_(AsBytes(key).begin(), AsBytes(key).end()) {}
  Result<wire::Seal> Sign(ByteView data) override { return Sha256({key_, data}); }
  Status Verify(ByteView data, ByteView seal) override {
    if (failure) return std::unexpected(*failure);
    if (Equal(Sha256({key_, data}), seal)) return {};
    return std::unexpected(Error::Make(Code::kSealWrong, "the seal is wrong"));
  }

  std::optional<Error> failure;  // what a token that cannot tell answers

 private:
  Bytes key_;
};

// A signer whose every signature is another, so that a statement that was signed twice is seen.
class FakeReceiptKey final : public seal::StatementSigner {
 public:
  Result<Bytes> SignDigest(const Digest&) override {
    if (failure) return std::unexpected(*failure);
    return Bytes(64, ++count);
  }

  std::optional<Error> failure;
  std::uint8_t count = 0;
};

// Stands still unless told; sleeping moves it.
class FakeClock final : public Clock {
 public:
  UnixSeconds Now() const override { return now; }
  std::chrono::steady_clock::time_point Monotonic() const override {
    return std::chrono::steady_clock::time_point(std::chrono::seconds(now));
  }
  void SleepFor(std::chrono::milliseconds duration) override { slept += duration; }

  UnixSeconds now = 1'800'000'000;
  std::chrono::milliseconds slept{0};
};

}  // namespace keyferry::fakes
