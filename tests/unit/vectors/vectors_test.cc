// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/vectors.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "protocol/base/file.h"
#include "protocol/seal/receipt.h"
#include "protocol/wire/codec.h"
#include "tests/golden/key_material.h"

namespace keyferry::golden {
namespace {

std::string Directory() {
  const char* source = std::getenv("KEYFERRY_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/protocol/vectors";
}

std::string TextOf(const std::string& name) {
  const auto octets = ReadFile(Directory() + "/" + name, 4 * 1024 * 1024);
  EXPECT_TRUE(octets) << octets.error().OneLine();
  return octets ? std::string(AsText(*octets)) : std::string();
}

Json Stored(const std::string& name) {
  auto json = Json::Parse(TextOf(name));
  EXPECT_TRUE(json) << name << ": " << json.error().OneLine();
  return json ? std::move(*json) : Json();
}

const Json::Array& CasesOf(const Json& json) {
  const auto cases = json.List("cases");
  EXPECT_TRUE(cases);
  EXPECT_FALSE((*cases)->empty());
  return **cases;
}

TEST(Vectors, AreWhatTheGeneratorMakes) {
  for (const VectorFile& file : MakeVectors()) {
    EXPECT_TRUE(TextOf(file.name) == FileText(file))
        << file.name << " differs: make_vectors protocol/vectors writes it anew; every difference changes the protocol";
  }
}

TEST(Vectors, EveryFileIsMadeByTheGenerator) {
  std::set<std::string> made;
  for (const VectorFile& file : MakeVectors()) made.insert(file.name);
  std::set<std::string> stored;
  for (const auto& entry : std::filesystem::directory_iterator(Directory())) stored.insert(entry.path().filename());
  EXPECT_EQ(stored, made);
}

TEST(Vectors, EveryRefusalIsRefusedWithItsCode) {
  const Json json = Stored("refusal.json");
  for (const Json& one : CasesOf(json)) {
    std::vector<Bytes> octets;
    for (const Json& part : **one.List("octets")) octets.push_back(HexDecode(part.AsText().value()).value());
    const Status read = ReadAs(one.Text("reader").value(), octets);
    const std::string name = one.Text("name").value();
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(Name(read.error().code()), one.Text("code").value()) << name << ": " << read.error().OneLine();
  }
}

TEST(Vectors, EveryBundleOpensAndItsSealHolds) {
  const Json json = Stored("bundle.json");
  fakes::SoftwareSeal seal_in(json.Hex("seal_in_key").value());
  for (const Json& one : CasesOf(json)) {
    const Bytes envelope = one.Hex("envelope").value();
    if (one.Integer("kind").value() == static_cast<int>(wire::Kind::kConfirmation)) {
      EXPECT_TRUE(seal::OpenConfirmation(envelope, PinnedSigners()[0], seal_in));
      continue;
    }
    auto opened = seal::OpenedBundle::Open(envelope, PinnedSigners());
    ASSERT_TRUE(opened) << opened.error().OneLine();
    EXPECT_EQ(HexEncode(opened->digest()), one.Text("envelope_sha256").value());
    EXPECT_TRUE(seal::SealedBundle::Verify(std::move(*opened), seal_in));
  }
}

TEST(Vectors, EveryReceiptVerifies) {
  const Json json = Stored("receipt.json");
  for (const Json& one : CasesOf(json)) {
    const auto verified =
        seal::VerifyReceipt(one.Hex("receipt").value(), Agent().public_key(), json.Hex("receipt_key").value());
    ASSERT_TRUE(verified) << verified.error().OneLine();
    EXPECT_EQ(seal::ToJson(*verified).Dump(), one.Find("means")->Dump());
  }
}

TEST(Vectors, WrapsAsTheStandardsDo) {
  // RFC 3394 section 4.6.
  const Bytes kek = HexDecode("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").value();
  const Bytes key = HexDecode("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f").value();
  EXPECT_EQ(HexEncode(Wrap(WrapMethod::kAesKw, kek, key)),
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
}

TEST(Vectors, ChecksAsTheStandardsDo) {
  // FIPS 197: AES of a zero block under a zero key, as published everywhere.
  EXPECT_EQ(HexEncode(CheckValue(CheckMethod::kEcb0, Bytes(16))), "66e94b");
  EXPECT_EQ(HexEncode(CheckValue(CheckMethod::kEcb0, Bytes(32))), "dc95c0");
  for (const auto& [octets, cipher] : {std::pair{std::size_t{16}, "AES-128-CBC"},
                                       {std::size_t{24}, "AES-192-CBC"},
                                       {std::size_t{32}, "AES-256-CBC"}}) {
    const Bytes key = Ascending(0xA0, octets);
    const Bytes zero(16);
    Bytes mac(16);
    std::size_t size = 0;
    ASSERT_NE(EVP_Q_mac(nullptr, "CMAC", nullptr, cipher, nullptr, key.data(), key.size(), zero.data(), zero.size(),
                        mac.data(), mac.size(), &size),
              nullptr);
    mac.resize(5);
    EXPECT_EQ(CheckValue(CheckMethod::kCmac, key), mac);
  }
}

}  // namespace
}  // namespace keyferry::golden
