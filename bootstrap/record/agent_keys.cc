// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/agent_keys.h"

#include <sodium.h>

#include <filesystem>
#include <utility>

#include "bootstrap/record/record.h"
#include "protocol/base/file.h"
#include "protocol/base/z85.h"

namespace keyferry::record {
namespace {

constexpr std::size_t kSeedOctets = 32;
constexpr std::size_t kMostText = 128;

std::unexpected<Error> Unusable(const std::string& path, const char* form) {
  return std::unexpected(Error::Make(Code::kEncodingInvalid, "key file " + path + " does not hold " + form));
}

Status MakeIdentity(const std::string& path) {
  KF_TRY(const Ed25519KeyPair made, Ed25519KeyPair::Generate());
  KF_TRY(const Secret seed, made.Seed());
  KF_TRY(Secret hex, Secret::Allocate(2 * kSeedOctets + 1));
  sodium_bin2hex(reinterpret_cast<char*>(hex.ExposeMutable().data()), hex.size(), seed.Expose().data(), seed.size());
  hex.Shrink(2 * kSeedOctets);
  return WriteSecretDurably(path, hex, 0600);
}

Result<Ed25519KeyPair> ReadIdentity(const std::string& path) {
  KF_TRY(const Secret hex, ReadSecretFile(path, kMostText, true));
  KF_TRY(Secret seed, Secret::Allocate(kSeedOctets));
  std::size_t size = 0;
  const auto* text = reinterpret_cast<const char*>(hex.Expose().data());
  if (hex.size() != 2 * kSeedOctets ||
      sodium_hex2bin(seed.ExposeMutable().data(), seed.size(), text, hex.size(), nullptr, &size, nullptr) != 0 ||
      size != kSeedOctets) {
    return Unusable(path, "64 hexadecimal digits");
  }
  return Ed25519KeyPair::FromSeed(seed);
}

Status MakeChannel(const std::string& path) {
  KF_TRY(const Secret key, RandomSecret(crypto_box_SECRETKEYBYTES));
  KF_TRY(const Secret text, Z85Encode(key));
  return WriteSecretDurably(path, text, 0600);
}

Result<Secret> ReadChannel(const std::string& path) {
  KF_TRY(const Secret text, ReadSecretFile(path, kMostText, true));
  auto key = Z85Decode(text);
  if (!key || key->size() != crypto_box_SECRETKEYBYTES) return Unusable(path, "40 characters of Z85");
  return std::move(*key);
}

}  // namespace

Result<AgentKeys> LoadOrMakeAgentKeys(const std::string& identity_path, const std::string& channel_path) {
  for (const std::string& path : {identity_path, channel_path}) {
    KF_CHECK(MakeDirectories(std::filesystem::path(path).parent_path().string(), kStateDirectoryMode));
  }
  if (!Exists(identity_path)) KF_CHECK(MakeIdentity(identity_path));
  if (!Exists(channel_path)) KF_CHECK(MakeChannel(channel_path));
  KF_TRY(Ed25519KeyPair identity, ReadIdentity(identity_path));
  KF_TRY(Secret channel, ReadChannel(channel_path));
  Bytes channel_public(crypto_box_PUBLICKEYBYTES);
  crypto_scalarmult_base(channel_public.data(), channel.Expose().data());
  const Id16 agent = IdOfKey(identity.public_key());
  return AgentKeys{std::move(identity), agent, std::move(channel), std::move(channel_public)};
}

}  // namespace keyferry::record
