// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/home.h"

#include <sodium.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <utility>

namespace keyferry::sender {
namespace {

constexpr std::size_t kZ85Size = 40;

Error WithoutInit(Error error) {
  if (error.code() != Code::kFileMissing) return error;
  return std::move(error).NextStep("make the KMS's keys first: keyferry-kms init");
}

Status CreateSigner(const std::string& path) {
  KF_TRY(const Ed25519KeyPair pair, Ed25519KeyPair::Generate());
  KF_TRY(const Secret seed, pair.Seed());
  KF_TRY(Secret text, Secret::Allocate(seed.size() * 2 + 1));
  sodium_bin2hex(reinterpret_cast<char*>(text.ExposeMutable().data()), text.size(), seed.Expose().data(), seed.size());
  text.Shrink(seed.size() * 2);
  return WriteSecretDurably(path, text, 0600);
}

Status CreateChannelKey(const std::string& path) {
  KF_TRY(const Secret key, RandomSecret(crypto_box_SECRETKEYBYTES));
  KF_TRY(Secret text, Secret::Allocate(kZ85Size + 1));
  zmq_z85_encode(reinterpret_cast<char*>(text.ExposeMutable().data()), key.Expose().data(), key.size());
  text.Shrink(kZ85Size);
  return WriteSecretDurably(path, text, 0600);
}

}  // namespace

Status Home::Create() {
  KF_CHECK(MakeDirectories(directory_, 0700));
  if (!Exists(Path("signer.key"))) KF_CHECK(CreateSigner(Path("signer.key")));
  if (!Exists(Path("channel.key"))) KF_CHECK(CreateChannelKey(Path("channel.key")));
  return {};
}

Result<Ed25519KeyPair> Home::Signer() const {
  auto text = ReadSecretFile(Path("signer.key"), 128, true);
  if (!text) return std::unexpected(WithoutInit(std::move(text).error()));
  KF_TRY(Secret seed, Secret::Allocate(crypto_sign_SEEDBYTES));
  std::size_t size = 0;
  if (text->size() != seed.size() * 2 ||
      sodium_hex2bin(seed.ExposeMutable().data(), seed.size(), reinterpret_cast<const char*>(text->Expose().data()),
                     text->size(), nullptr, &size, nullptr) != 0 ||
      size != seed.size()) {
    return std::unexpected(
        Error::Make(Code::kEncodingInvalid, Path("signer.key") + " does not hold 64 hexadecimal digits"));
  }
  return Ed25519KeyPair::FromSeed(seed);
}

Result<Secret> Home::ChannelKey() const {
  auto text = ReadSecretFile(Path("channel.key"), 128, true);
  if (!text) return std::unexpected(WithoutInit(std::move(text).error()));
  KF_TRY(Secret terminated, Secret::Allocate(kZ85Size + 1));
  KF_TRY(Secret key, Secret::Allocate(crypto_box_SECRETKEYBYTES));
  if (text->size() == kZ85Size) std::ranges::copy(text->Expose(), terminated.ExposeMutable().begin());
  if (text->size() != kZ85Size ||
      zmq_z85_decode(key.ExposeMutable().data(), reinterpret_cast<const char*>(terminated.Expose().data())) ==
          nullptr) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, Path("channel.key") + " does not hold a Z85 key"));
  }
  return key;
}

Result<Store> Home::OpenStore() const { return Store::Open(directory_); }

Status Home::SetHsmUri(const std::string& uri) { return WriteDurably(Path("hsm.uri"), AsBytes(uri + "\n"), 0600); }

Result<std::string> Home::HsmUri() const {
  auto text = ReadFile(Path("hsm.uri"), 4096);
  if (!text) {
    return std::unexpected(Error::Make(Code::kUsage, "no HSM is named")
                               .NextStep("give --hsm URI, or name one for good: keyferry-kms init --hsm URI"));
  }
  std::string uri(AsText(*text));
  while (!uri.empty() && uri.back() == '\n') uri.pop_back();
  return uri;
}

Bytes ChannelPublicKey(const Secret& channel_key) {
  Bytes key(crypto_box_PUBLICKEYBYTES);
  crypto_scalarmult_base(key.data(), channel_key.Expose().data());
  return key;
}

}  // namespace keyferry::sender
