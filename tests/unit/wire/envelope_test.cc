// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/envelope.h"

#include <gtest/gtest.h>

#include <optional>

#include "protocol/wire/limits.h"
#include "tests/fakes/sample_bundles.h"

namespace keyferry::wire {
namespace {

constexpr Kind kKinds[] = {Kind::kBundle, Kind::kReceipt, Kind::kConfirmation};

Bytes EnvelopeOf(Kind kind, std::size_t body_bytes) {
  const Bytes body(body_bytes, 0xbb);
  const Bytes seal(IsSealed(kind) ? kSealBytes : 0, 0x5e);
  const Bytes signature(kSignatureBytes, 0x51);
  return Join(MakeHeader(kind, fakes::SampleId(0x33), static_cast<std::uint32_t>(body_bytes)), seal, signature, body);
}

std::size_t Around(Kind kind) { return kHeaderBytes + (IsSealed(kind) ? kSealBytes : 0) + kSignatureBytes; }

std::optional<Code> CodeOf(ByteView envelope, Kind kind) {
  const auto view = Split(envelope, kind);
  return view ? std::nullopt : std::optional(view.error().code());
}

TEST(Envelope, HeaderHasTheLayoutOfTheSpecification) {
  EXPECT_EQ(HexEncode(MakeHeader(Kind::kBundle, fakes::SampleId(0x33), 0x01020304)),
            "4b46525901010000"
            "33333333333333333333333333333333"
            "01020304");
}

TEST(Envelope, SplitsWhatJoinMade) {
  for (const Kind kind : kKinds) {
    const Bytes envelope = EnvelopeOf(kind, 5);
    const auto view = Split(envelope, kind);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->kind, kind);
    EXPECT_EQ(view->signer, fakes::SampleId(0x33));
    EXPECT_EQ(view->header.size(), kHeaderBytes);
    EXPECT_TRUE(Equal(view->seal, Bytes(IsSealed(kind) ? kSealBytes : 0, 0x5e)));
    EXPECT_TRUE(Equal(view->signature, Bytes(kSignatureBytes, 0x51)));
    EXPECT_TRUE(Equal(view->body, Bytes(5, 0xbb)));
  }
}

TEST(Envelope, RefusesEveryOtherKind) {
  for (const Kind made : kKinds) {
    for (const Kind expected : kKinds) {
      if (made == expected) continue;
      EXPECT_EQ(CodeOf(EnvelopeOf(made, 100), expected), Code::kWireMalformed);
    }
  }
}

TEST(Envelope, RefusesOtherVersions) {
  Bytes envelope = EnvelopeOf(Kind::kBundle, 5);
  for (const auto version : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{255}}) {
    envelope[4] = version;
    EXPECT_EQ(CodeOf(envelope, Kind::kBundle), Code::kWireVersion);
  }
}

TEST(Envelope, RefusesAnotherMagicAndOctetsThatMustBeZero) {
  for (const std::size_t at : {0U, 1U, 2U, 3U, 6U, 7U}) {
    Bytes envelope = EnvelopeOf(Kind::kBundle, 5);
    envelope[at] ^= 1;
    EXPECT_EQ(CodeOf(envelope, Kind::kBundle), Code::kWireMalformed) << at;
  }
}

TEST(Envelope, RefusesEveryOtherLength) {
  for (const Kind kind : kKinds) {
    Bytes envelope = EnvelopeOf(kind, 5);
    for (std::size_t size = 0; size < envelope.size(); ++size) {
      EXPECT_EQ(CodeOf(ByteView(envelope).first(size), kind), Code::kWireMalformed) << size;
    }
    envelope.push_back(0);
    EXPECT_EQ(CodeOf(envelope, kind), Code::kWireMalformed);
    EXPECT_EQ(CodeOf(EnvelopeOf(kind, 0), kind), Code::kWireMalformed);
  }
}

TEST(Envelope, BoundsSize) {
  for (const Kind kind : kKinds) {
    const std::size_t most = (kind == Kind::kReceipt ? limits::kReceiptBytes : limits::kEnvelopeBytes) - Around(kind);
    EXPECT_EQ(CodeOf(EnvelopeOf(kind, most - 1), kind), std::nullopt);
    EXPECT_EQ(CodeOf(EnvelopeOf(kind, most), kind), std::nullopt);
    EXPECT_EQ(CodeOf(EnvelopeOf(kind, most + 1), kind), Code::kWireTooLarge);
  }
}

}  // namespace
}  // namespace keyferry::wire
