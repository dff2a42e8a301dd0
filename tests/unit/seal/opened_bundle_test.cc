// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/opened_bundle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/fakes/software_seal.h"

namespace keyferry::seal {
namespace {

// Counts how often the token is asked, and can be away.
class WatchedSeal final : public SealVerifier {
 public:
  explicit WatchedSeal(SealVerifier& inner) : inner_(&inner) {}
  Status Verify(ByteView data, ByteView seal) override {
    ++asked;
    if (away) return std::unexpected(Error::Make(Code::kTokenFailed, "the token is away"));
    return inner_->Verify(data, seal);
  }
  int asked = 0;
  bool away = false;

 private:
  SealVerifier* inner_;
};

class OpenedBundleTest : public testing::Test {
 protected:
  Bytes Sealed(const wire::BundleBody& body) { return SealBundle(body, signer_, seal_in_).value(); }

  // The whole way of a bundle in a worker; nothing where it was taken.
  std::optional<Code> Verify(const Bytes& envelope) {
    auto opened = OpenedBundle::Open(envelope, signers_);
    if (!opened) return opened.error().code();
    auto sealed = SealedBundle::Verify(std::move(*opened), seal_in_);
    return sealed ? std::nullopt : std::optional(sealed.error().code());
  }

  // `body` signed by `signer` over a seal that was made for another envelope.
  static Bytes Signed(ByteView body, ByteView seal, const Ed25519KeyPair& signer,
                      wire::Kind kind = wire::Kind::kBundle) {
    const wire::Header header =
        wire::MakeHeader(kind, IdOfKey(signer.public_key()), static_cast<std::uint32_t>(body.size()));
    const auto signature = signer.Sign({SignatureLabel(kind), header, seal, body});
    return wire::Join(header, seal, signature, body);
  }

  const Ed25519KeyPair signer_ = fakes::KeyPairOf(1);
  const Ed25519KeyPair second_ = fakes::KeyPairOf(2);
  const Ed25519KeyPair stranger_ = fakes::KeyPairOf(3);
  fakes::SoftwareSeal seal_in_{Bytes(32, 0x5e)};
  const std::vector<PinnedSigner> signers_{fakes::Pinned(signer_, "first"), fakes::Pinned(second_, "second")};
};

TEST_F(OpenedBundleTest, OpensWhatWasSealed) {
  const wire::BundleBody body = fakes::SampleBundle({fakes::SampleAes("key")});
  const Bytes envelope = Sealed(body);
  auto opened = OpenedBundle::Open(envelope, signers_);
  ASSERT_TRUE(opened) << opened.error().OneLine();
  EXPECT_EQ(opened->signer().name, "first");
  EXPECT_EQ(opened->digest(), Sha256(envelope));
  EXPECT_EQ(opened->envelope(), envelope);
  EXPECT_EQ(wire::Encode(opened->body()), wire::Encode(body));
  auto sealed = SealedBundle::Verify(std::move(*opened), seal_in_);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->opened().digest(), Sha256(envelope));
  EXPECT_EQ(wire::Encode(sealed->body()), wire::Encode(body));
}

TEST_F(OpenedBundleTest, RefusesUnknownSigners) {
  const auto envelope = SealBundle(fakes::SampleBundle({fakes::SampleAes("key")}), stranger_, seal_in_);
  EXPECT_EQ(Verify(*envelope), Code::kSignerUnknown);
  EXPECT_EQ(OpenedBundle::Open(*envelope, {}).error().code(), Code::kSignerUnknown);
}

TEST_F(OpenedBundleTest, RefusesASignatureOfAnotherSigner) {
  Bytes envelope = Sealed(fakes::SampleBundle({fakes::SampleAes("key")}));
  const Id16 other = IdOfKey(second_.public_key());
  std::ranges::copy(other, envelope.begin() + 8);
  EXPECT_EQ(Verify(envelope), Code::kSignatureWrong);
}

TEST_F(OpenedBundleTest, RefusesWhatIsSealedForOneSignerAndSignedByAnother) {
  const Bytes envelope = Sealed(fakes::SampleBundle({fakes::SampleAes("key")}));
  const auto view = wire::Split(envelope, wire::Kind::kBundle);
  ASSERT_TRUE(view);
  // A pinned signer takes another's seal and body over: his signature is good, and the seal covers the header.
  EXPECT_EQ(Verify(Signed(view->body, view->seal, second_)), Code::kSealWrong);
  EXPECT_EQ(Verify(Signed(view->body, view->seal, signer_)), std::nullopt);
}

TEST_F(OpenedBundleTest, RefusesAWrongSealUnderAGoodSignature) {
  const Bytes body = wire::Encode(fakes::SampleBundle({fakes::SampleAes("key")}));
  EXPECT_EQ(Verify(Signed(body, Bytes(wire::kSealBytes, 0), signer_)), Code::kSealWrong);
  fakes::SoftwareSeal other(Bytes(32, 0x5f));
  const auto envelope = SealBundle(fakes::SampleBundle({fakes::SampleAes("key")}), signer_, other);
  EXPECT_EQ(Verify(*envelope), Code::kSealWrong);
}

TEST_F(OpenedBundleTest, RefusesItemsSwappedBetweenValidBundles) {
  wire::BundleBody one = fakes::SampleBundle({fakes::SampleAes("low", 1)});
  wire::BundleBody two = fakes::SampleBundle({fakes::SampleAes("high", 2)});
  two.sequence = 8;
  const Bytes first = Sealed(one);
  const Bytes second = Sealed(two);
  const auto first_parts = wire::Split(first, wire::Kind::kBundle);
  const auto second_parts = wire::Split(second, wire::Kind::kBundle);
  std::swap(one.items, two.items);
  // Whoever holds no keys keeps signature and seal; whoever holds the signer's key can sign anew, and not seal.
  const Bytes swapped = wire::Encode(one);
  EXPECT_EQ(Verify(wire::Join(
                wire::MakeHeader(wire::Kind::kBundle, first_parts->signer, static_cast<std::uint32_t>(swapped.size())),
                first_parts->seal, first_parts->signature, swapped)),
            Code::kSignatureWrong);
  EXPECT_EQ(Verify(Signed(swapped, first_parts->seal, signer_)), Code::kSealWrong);
  EXPECT_EQ(Verify(Signed(swapped, second_parts->seal, signer_)), Code::kSealWrong);
  EXPECT_EQ(Verify(first), std::nullopt);
  EXPECT_EQ(Verify(second), std::nullopt);
}

TEST_F(OpenedBundleTest, ParsesNothingBeforeTheSignatureHolds) {
  const Bytes nonsense = {0xff, 0xff, 0xff};
  Bytes envelope = Signed(nonsense, Bytes(wire::kSealBytes), signer_);
  EXPECT_EQ(Verify(envelope), Code::kWireMalformed);
  envelope[wire::kHeaderBytes + wire::kSealBytes] ^= 1;
  EXPECT_EQ(Verify(envelope), Code::kSignatureWrong);
}

TEST_F(OpenedBundleTest, RefusesSignedBombs) {
  Bytes bomb(wire::limits::kEnvelopeBytes - 124);
  for (std::size_t at = 0; at < bomb.size(); at += 2) bomb[at] = 0x52;
  EXPECT_EQ(Verify(Signed(bomb, Bytes(wire::kSealBytes), signer_)), Code::kWireLimit);
}

TEST_F(OpenedBundleTest, KindsDoNotPassForOneAnother) {
  const Bytes body = wire::Encode(fakes::SampleBundle({fakes::SampleAes("key")}));
  Bytes envelope = Signed(body, Bytes(wire::kSealBytes), signer_, wire::Kind::kConfirmation);
  EXPECT_EQ(Verify(envelope), Code::kWireMalformed);
  envelope[5] = static_cast<std::uint8_t>(wire::Kind::kBundle);
  EXPECT_EQ(Verify(envelope), Code::kSignatureWrong);
}

TEST_F(OpenedBundleTest, SaysThatTheTokenCouldNotTell) {
  WatchedSeal watched(seal_in_);
  watched.away = true;
  auto opened = OpenedBundle::Open(Sealed(fakes::SampleBundle({fakes::SampleAes("key")})), signers_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(watched.asked, 0);
  EXPECT_EQ(SealedBundle::Verify(std::move(*opened), watched).error().code(), Code::kTokenFailed);
  EXPECT_EQ(watched.asked, 1);
}

TEST_F(OpenedBundleTest, SealsNothingThatWouldBeRefused) {
  wire::BundleBody body = fakes::SampleBundle({fakes::SampleAes("key")});
  body.items[0].label = std::string(wire::limits::kLabelBytes + 1, 'k');
  EXPECT_EQ(SealBundle(body, signer_, seal_in_).error().code(), Code::kWireLimit);
  body.items.clear();
  EXPECT_EQ(SealBundle(body, signer_, seal_in_).error().code(), Code::kWireMalformed);
}

// A bundle of certificates whose envelope has exactly `octets` octets.
wire::BundleBody BodyOfSize(std::size_t octets) {
  const std::size_t around = wire::kHeaderBytes + wire::kSealBytes + wire::kSignatureBytes;
  wire::BundleBody body = fakes::SampleBundle({});
  for (std::uint8_t at = 1; at <= 70; ++at) {
    body.items.push_back(fakes::SampleCertificate("certificate " + std::to_string(at), at));
    body.items.back().certificate = Bytes(14'000, at);
  }
  for (Item& item : body.items) {
    const std::size_t size = around + wire::Encode(body).size();
    if (size >= octets) break;
    item.certificate.resize(std::min(item.certificate.size() + octets - size, wire::limits::kCertificateBytes));
  }
  return body;
}

TEST_F(OpenedBundleTest, BoundsTheEnvelope) {
  for (const std::size_t octets : {wire::limits::kEnvelopeBytes - 1, wire::limits::kEnvelopeBytes}) {
    const auto envelope = SealBundle(BodyOfSize(octets), signer_, seal_in_);
    ASSERT_TRUE(envelope) << envelope.error().OneLine();
    EXPECT_EQ(envelope->size(), octets);
    EXPECT_EQ(Verify(*envelope), std::nullopt);
  }
  const auto too_large = SealBundle(BodyOfSize(wire::limits::kEnvelopeBytes + 1), signer_, seal_in_);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code(), Code::kWireTooLarge);
}

TEST_F(OpenedBundleTest, ConfirmationsOpen) {
  const wire::ConfirmationBody body = fakes::SampleConfirmation();
  const Bytes envelope = SealConfirmation(body, signer_, seal_in_).value();
  const auto opened = OpenConfirmation(envelope, signers_[0], seal_in_);
  ASSERT_TRUE(opened) << opened.error().OneLine();
  EXPECT_EQ(wire::Encode(*opened), wire::Encode(body));
  EXPECT_EQ(OpenConfirmation(envelope, signers_[1], seal_in_).error().code(), Code::kSignerUnknown);
  fakes::SoftwareSeal other(Bytes(32, 0x5f));
  EXPECT_EQ(OpenConfirmation(envelope, signers_[0], other).error().code(), Code::kSealWrong);
  EXPECT_EQ(OpenedBundle::Open(envelope, signers_).error().code(), Code::kWireMalformed);
}

TEST_F(OpenedBundleTest, ConfirmationsAreJudgedInOrder) {
  Bytes envelope = SealConfirmation(fakes::SampleConfirmation(), signer_, seal_in_).value();
  envelope.back() ^= 1;
  WatchedSeal watched(seal_in_);
  EXPECT_EQ(OpenConfirmation(envelope, signers_[0], watched).error().code(), Code::kSignatureWrong);
  EXPECT_EQ(watched.asked, 0);
}

}  // namespace
}  // namespace keyferry::seal
