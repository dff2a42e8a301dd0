// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/agent_keys.h"

#include <sodium.h>

#include <filesystem>
#include <utility>

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

Result<Ed25519PublicKey> ReadIdentity(const std::string& path) {
  KF_TRY(const Secret hex, ReadSecretFile(path, kMostText, true));
  KF_TRY(Secret seed, Secret::Allocate(kSeedOctets));
  std::size_t size = 0;
  const auto* text = reinterpret_cast<const char*>(hex.Expose().data());
  if (hex.size() != 2 * kSeedOctets ||
      sodium_hex2bin(seed.ExposeMutable().data(), seed.size(), text, hex.size(), nullptr, &size, nullptr) != 0 ||
      size != kSeedOctets) {
    return Unusable(path, "64 hexadecimal digits");
  }
  KF_TRY(const Ed25519KeyPair pair, Ed25519KeyPair::FromSeed(seed));
  return pair.public_key();
}

Status MakeChannel(const std::string& path) {
  KF_TRY(const Secret key, RandomSecret(crypto_box_SECRETKEYBYTES));
  KF_TRY(const Secret text, Z85Encode(key));
  return WriteSecretDurably(path, text, 0600);
}

Result<Bytes> ReadChannel(const std::string& path) {
  KF_TRY(const Secret text, ReadSecretFile(path, kMostText, true));
  const auto key = Z85Decode(text);
  if (!key || key->size() != crypto_box_SECRETKEYBYTES) return Unusable(path, "40 characters of Z85");
  Bytes public_key(crypto_box_PUBLICKEYBYTES);
  crypto_scalarmult_base(public_key.data(), key->Expose().data());
  return public_key;
}

}  // namespace

Result<AgentPublicKeys> LoadOrMakeAgentKeys(const std::string& identity_path, const std::string& channel_path) {
  for (const std::string& path : {identity_path, channel_path}) {
    KF_CHECK(MakeDirectories(std::filesystem::path(path).parent_path().string(), 0700));
  }
  if (!Exists(identity_path)) KF_CHECK(MakeIdentity(identity_path));
  if (!Exists(channel_path)) KF_CHECK(MakeChannel(channel_path));
  AgentPublicKeys keys;
  KF_TRY(keys.identity, ReadIdentity(identity_path));
  KF_TRY(keys.channel, ReadChannel(channel_path));
  return keys;
}

}  // namespace keyferry::record
