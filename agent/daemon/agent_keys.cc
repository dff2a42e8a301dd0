// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/agent_keys.h"

#include <sodium.h>
#include <zmq.h>

#include <algorithm>
#include <array>

#include "protocol/base/file.h"

namespace keyferry::daemon {
namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kCurveBytes = 32;
constexpr std::size_t kZ85Chars = 40;

std::unexpected<Error> Unusable(const std::string& path, std::string_view form) {
  return std::unexpected(Error::Make(Code::kEncodingInvalid, "key file " + path + " is not " + std::string(form)));
}

Result<Secret> SeedFromHex(const Secret& hex, const std::string& path) {
  KF_TRY(Secret seed, Secret::Allocate(kSeedBytes));
  std::size_t size = 0;
  const char* end = nullptr;
  const auto* text = reinterpret_cast<const char*>(hex.Expose().data());
  const int bad = sodium_hex2bin(seed.ExposeMutable().data(), seed.size(), text, hex.size(), nullptr, &size, &end);
  if (bad != 0 || size != kSeedBytes || end != text + hex.size()) return Unusable(path, "64 hexadecimal digits");
  return seed;
}

Status StoreSeed(const Secret& seed, const std::string& path) {
  KF_TRY(Secret hex, Secret::Allocate(2 * kSeedBytes + 1));
  sodium_bin2hex(reinterpret_cast<char*>(hex.ExposeMutable().data()), hex.size(), seed.Expose().data(), seed.size());
  hex.Shrink(2 * kSeedBytes);
  return WriteSecretDurably(path, hex, 0600);
}

Result<Ed25519KeyPair> LoadOrMakeIdentity(const std::string& path) {
  if (!Exists(path)) {
    KF_TRY(Ed25519KeyPair made, Ed25519KeyPair::Generate());
    KF_TRY(const Secret seed, made.Seed());
    KF_CHECK(StoreSeed(seed, path));
    return made;
  }
  KF_TRY(const Secret hex, ReadSecretFile(path, 2 * kSeedBytes + 1, true));
  KF_TRY(const Secret seed, SeedFromHex(hex, path));
  return Ed25519KeyPair::FromSeed(seed);
}

// Z85 with the terminating zero that libzmq's functions want.
Result<Secret> LoadOrMakeChannel(const std::string& path) {
  KF_TRY(Secret text, Secret::Allocate(kZ85Chars + 1));
  auto* chars = reinterpret_cast<char*>(text.ExposeMutable().data());
  if (Exists(path)) {
    KF_TRY(const Secret stored, ReadSecretFile(path, kZ85Chars + 1, true));
    if (stored.size() != kZ85Chars) return Unusable(path, "40 characters of Z85");
    std::ranges::copy(stored.Expose(), text.ExposeMutable().begin());
    return text;
  }
  std::array<char, kZ85Chars + 1> public_text{};
  if (zmq_curve_keypair(public_text.data(), chars) != 0) {
    return std::unexpected(Error::Make(Code::kNotPossibleHere, "this libzmq was built without CURVE"));
  }
  KF_TRY(Secret stored, Secret::Allocate(kZ85Chars));
  std::ranges::copy(text.Expose().first(kZ85Chars), stored.ExposeMutable().begin());
  KF_CHECK(WriteSecretDurably(path, stored, 0600));
  return text;
}

}  // namespace

Result<AgentKeys> LoadOrMakeAgentKeys(const std::string& identity_path, const std::string& channel_path) {
  KF_TRY(Ed25519KeyPair identity, LoadOrMakeIdentity(identity_path));
  KF_TRY(const Secret text, LoadOrMakeChannel(channel_path));
  KF_TRY(Secret secret, Secret::Allocate(kCurveBytes));
  const auto* chars = reinterpret_cast<const char*>(text.Expose().data());
  std::array<char, kZ85Chars + 1> public_text{};
  Bytes public_key(kCurveBytes);
  if (zmq_z85_decode(secret.ExposeMutable().data(), chars) == nullptr ||
      zmq_curve_public(public_text.data(), chars) != 0 ||
      zmq_z85_decode(public_key.data(), public_text.data()) == nullptr) {
    return Unusable(channel_path, "40 characters of Z85");
  }
  const Id16 agent = IdOfKey(identity.public_key());
  return AgentKeys{std::move(identity), agent, std::move(secret), std::move(public_key)};
}

}  // namespace keyferry::daemon
