// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0
//
// One bit changed anywhere: each is refused, with the code that its place calls for.

#include <gtest/gtest.h>

#include <vector>

#include "protocol/seal/opened_bundle.h"
#include "protocol/seal/receipt.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/fakes/software_seal.h"

namespace keyferry::seal {
namespace {

struct Region {
  std::size_t end;  // one past its last octet
  Code code;
};

// Of an envelope of kind bundle or confirmation (protocol/PROTOCOL.md, "Envelope").
std::vector<Region> SealedRegions(std::size_t size) {
  return {{4, Code::kWireMalformed},   // magic
          {5, Code::kWireVersion},     // version
          {8, Code::kWireMalformed},   // kind, zero
          {24, Code::kSignerUnknown},  // signer id
          {28, Code::kWireMalformed},  // length
          {size, Code::kSignatureWrong}};
}

template <typename Open>
void FlipEveryBit(const Bytes& good, const std::vector<Region>& regions, Open open) {
  std::size_t at = 0;
  for (const Region& region : regions) {
    for (; at < region.end; ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes changed = good;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << bit));
        const auto opened = open(changed);
        ASSERT_FALSE(opened) << "octet " << at << " bit " << bit;
        ASSERT_EQ(opened.error().code(), region.code) << "octet " << at << " bit " << bit;
      }
    }
  }
  EXPECT_EQ(at, good.size());
  EXPECT_TRUE(open(good));
}

TEST(EveryBit, OfABundle) {
  const Ed25519KeyPair signer = fakes::KeyPairOf(1);
  fakes::SoftwareSeal seal_in(Bytes(32, 0x5e));
  const std::vector<PinnedSigner> signers = {fakes::Pinned(signer, "first")};
  const Bytes good = SealBundle(fakes::SampleBundle({fakes::SampleAes("key")}), signer, seal_in).value();
  FlipEveryBit(good, SealedRegions(good.size()),
               [&](const Bytes& envelope) { return OpenedBundle::Open(envelope, signers); });
}

// Whoever can sign changes one bit and signs anew: what is still well-formed fails at the seal.
TEST(EveryBit, OfABundleSignedAnew) {
  const Ed25519KeyPair signer = fakes::KeyPairOf(1);
  fakes::SoftwareSeal seal_in(Bytes(32, 0x5e));
  const std::vector<PinnedSigner> signers = {fakes::Pinned(signer, "first")};
  const Bytes good = SealBundle(fakes::SampleBundle({fakes::SampleAes("key")}), signer, seal_in).value();
  const std::size_t seal_at = wire::kHeaderBytes;
  const std::size_t body_at = seal_at + wire::kSealBytes + wire::kSignatureBytes;
  std::size_t at_the_seal = 0;
  for (std::size_t at = seal_at; at < good.size(); ++at) {
    if (at >= seal_at + wire::kSealBytes && at < body_at) continue;
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes changed = good;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << bit));
      const ByteView view(changed);
      const auto signature =
          signer.Sign({AsBytes("keyferry/1 bundle"), view.first(seal_at + wire::kSealBytes), view.subspan(body_at)});
      std::copy(signature.begin(), signature.end(),
                changed.begin() + static_cast<std::ptrdiff_t>(seal_at) + static_cast<std::ptrdiff_t>(wire::kSealBytes));
      auto opened = OpenedBundle::Open(changed, signers);
      if (!opened) continue;
      const auto sealed = SealedBundle::Verify(std::move(*opened), seal_in);
      ASSERT_FALSE(sealed) << at;
      ASSERT_EQ(sealed.error().code(), Code::kSealWrong) << at;
      ++at_the_seal;
    }
  }
  EXPECT_GT(at_the_seal, wire::kSealBytes * 8);
}

TEST(EveryBit, OfAConfirmation) {
  const Ed25519KeyPair signer = fakes::KeyPairOf(1);
  fakes::SoftwareSeal seal_in(Bytes(32, 0x5e));
  const PinnedSigner pinned = fakes::Pinned(signer, "first");
  const Bytes good = SealConfirmation(fakes::SampleConfirmation(), signer, seal_in).value();
  FlipEveryBit(good, SealedRegions(good.size()),
               [&](const Bytes& envelope) { return OpenConfirmation(envelope, pinned, seal_in); });
}

TEST(EveryBit, OfAReceipt) {
  const Ed25519KeyPair agent = fakes::KeyPairOf(9);
  fakes::SoftwareReceiptKey receipt_key;
  wire::Statement statement = fakes::SampleStatement({fakes::SampleAes("key")});
  statement.agent = IdOfKey(agent.public_key());
  const SignedStatement told = SignStatement(statement, receipt_key).value();
  wire::ReceiptBody body = fakes::SampleReceipt();
  body.agent = statement.agent;
  body.attested_by = wire::AttestedBy::kWorker;
  body.statement = told.octets;
  body.statement_signature = told.signature;
  const Bytes good = SignReceipt(body, agent);
  const Bytes key = fakes::SoftwareReceiptKey::PublicKey();
  FlipEveryBit(good, {{good.size(), Code::kReceiptWrong}},
               [&](const Bytes& receipt) { return VerifyReceipt(receipt, agent.public_key(), key); });
}

TEST(EveryBit, OfAStatement) {
  fakes::SoftwareReceiptKey receipt_key;
  const SignedStatement good = SignStatement(fakes::SampleStatement({fakes::SampleAes("key")}), receipt_key).value();
  const Bytes key = fakes::SoftwareReceiptKey::PublicKey();
  FlipEveryBit(good.octets, {{good.octets.size(), Code::kStatementWrong}},
               [&](const Bytes& octets) { return VerifyStatement({octets, good.signature}, key); });
  FlipEveryBit(good.signature, {{good.signature.size(), Code::kStatementWrong}},
               [&](const Bytes& signature) { return VerifyStatement({good.octets, signature}, key); });
}

}  // namespace
}  // namespace keyferry::seal
