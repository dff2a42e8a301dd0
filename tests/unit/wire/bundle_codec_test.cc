// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "protocol/wire/bundle.pb.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/strict.h"
#include "tests/fakes/sample_bundles.h"

namespace keyferry::wire {
namespace {

std::optional<Code> CodeOf(const BundleBody& body) {
  const auto decoded = DecodeBundle(Encode(body));
  return decoded ? std::nullopt : std::optional(decoded.error().code());
}

BundleBody Everything() {
  Item update = fakes::SampleAes("updated", 9);
  update.operation = Operation::kUpdate;
  update.expected_id = Bytes(32, 8);
  BundleBody body = fakes::SampleBundle(
      {fakes::SampleAes("aes", 1), fakes::SampleGenericSecret("mac", 2),
       fakes::SamplePrivateKey("rsa", KeyType::kRsa, 2048, 3), fakes::SamplePublicKey("rsa", KeyType::kRsa, 2048, 3),
       fakes::SamplePrivateKey("ec", KeyType::kEc, 521, 4), fakes::SamplePrivateKey("ed", KeyType::kEd25519, 256, 5),
       fakes::SampleCertificate("certificate", 3), fakes::SampleChange(Operation::kDelete, "gone"),
       fakes::SampleChange(Operation::kRollback, "back"), update});
  body.items[0].not_before = 1'800'000'000;
  body.items[0].not_after = 1'900'000'000;
  body.install_before = 1'800'000'500;
  body.simulate = true;
  body.atomic = true;
  return body;
}

TEST(BundleCodec, RoundTripsEveryField) {
  const BundleBody body = Everything();
  const auto decoded = DecodeBundle(Encode(body));
  ASSERT_TRUE(decoded) << decoded.error().OneLine();
  EXPECT_EQ(decoded->agent, body.agent);
  EXPECT_EQ(decoded->domain, body.domain);
  EXPECT_EQ(decoded->generation, body.generation);
  EXPECT_EQ(decoded->sequence, body.sequence);
  EXPECT_EQ(decoded->accept_before, body.accept_before);
  EXPECT_EQ(decoded->install_before, body.install_before);
  EXPECT_TRUE(decoded->simulate);
  EXPECT_TRUE(decoded->atomic);
  ASSERT_EQ(decoded->items.size(), body.items.size());
  for (std::size_t at = 0; at < body.items.size(); ++at) {
    const Item& in = body.items[at];
    const Item& out = decoded->items[at];
    EXPECT_EQ(out.operation, in.operation);
    EXPECT_EQ(out.target, in.target);
    EXPECT_EQ(out.object_class, in.object_class);
    EXPECT_EQ(out.key_type, in.key_type);
    EXPECT_EQ(out.key_bits, in.key_bits);
    EXPECT_EQ(out.label, in.label);
    EXPECT_EQ(out.id, in.id);
    EXPECT_EQ(out.expected_id, in.expected_id);
    EXPECT_EQ(out.usage, in.usage);
    EXPECT_EQ(out.not_before, in.not_before);
    EXPECT_EQ(out.not_after, in.not_after);
    EXPECT_EQ(out.wrap, in.wrap);
    EXPECT_EQ(out.wrapped_key, in.wrapped_key);
    EXPECT_EQ(out.check_method, in.check_method);
    EXPECT_EQ(out.check_value, in.check_value);
    EXPECT_EQ(out.public_key, in.public_key);
    EXPECT_EQ(out.certificate, in.certificate);
  }
}

TEST(BundleCodec, EncodesTheSameValueToTheSameOctets) {
  const Bytes octets = Encode(Everything());
  EXPECT_EQ(Encode(Everything()), octets);
  EXPECT_EQ(Encode(DecodeBundle(octets).value()), octets);
}

struct HeadCase {
  const char* name;
  std::function<void(BundleBody&)> change;
  std::optional<Code> code;
};

TEST(BundleCodec, JudgesTheHead) {
  constexpr UnixSeconds kLast = 253402300799;
  const HeadCase cases[] = {
      {"as it is", [](BundleBody&) {}, std::nullopt},
      {"generation 0", [](BundleBody& b) { b.generation = 0; }, Code::kWireMalformed},
      {"generation of 32 bits", [](BundleBody& b) { b.generation = 0xffffffff; }, std::nullopt},
      {"sequence 0", [](BundleBody& b) { b.sequence = 0; }, Code::kWireMalformed},
      {"sequence 1", [](BundleBody& b) { b.sequence = 1; }, std::nullopt},
      {"the last sequence", [](BundleBody& b) { b.sequence = limits::kLastSequence; }, std::nullopt},
      {"one above it", [](BundleBody& b) { b.sequence = limits::kLastSequence + 1; }, Code::kWireMalformed},
      {"no accept_before", [](BundleBody& b) { b.accept_before = 0; }, Code::kWireMalformed},
      {"negative accept_before", [](BundleBody& b) { b.accept_before = -1; }, Code::kWireMalformed},
      {"accept_before 1", [](BundleBody& b) { b.accept_before = 1; }, std::nullopt},
      {"the last second", [](BundleBody& b) { b.accept_before = kLast; }, std::nullopt},
      {"one after it", [](BundleBody& b) { b.accept_before = kLast + 1; }, Code::kWireMalformed},
      {"negative install_before", [](BundleBody& b) { b.install_before = -1; }, Code::kWireMalformed},
      {"no items", [](BundleBody& b) { b.items.clear(); }, Code::kWireMalformed},
  };
  for (const HeadCase& one : cases) {
    BundleBody body = fakes::SampleBundle({fakes::SampleAes("key")});
    one.change(body);
    EXPECT_EQ(CodeOf(body), one.code) << one.name;
  }
}

TEST(BundleCodec, BoundsItems) {
  for (const std::size_t more : {0U, 1U, 2U}) {
    const std::size_t count = limits::kItems - 1 + more;
    BundleBody body = fakes::SampleBundle({});
    for (std::size_t at = 0; at < count; ++at) {
      body.items.push_back(fakes::SampleAes("key " + std::to_string(at)));
      body.items.back().id = {static_cast<std::uint8_t>(at >> 8U), static_cast<std::uint8_t>(at)};
    }
    EXPECT_EQ(CodeOf(body), more < 2 ? std::nullopt : std::optional(Code::kWireLimit)) << count;
  }
}

TEST(BundleCodec, AddressesEachObjectOnce) {
  EXPECT_EQ(CodeOf(fakes::SampleBundle({fakes::SampleAes("key", 1), fakes::SampleAes("key", 2)})),
            Code::kWireMalformed);
  EXPECT_EQ(
      CodeOf(fakes::SampleBundle({fakes::SampleAes("key", 1), fakes::SampleChange(Operation::kDelete, "key", 2)})),
      Code::kWireMalformed);
  Item elsewhere = fakes::SampleAes("key", 2);
  elsewhere.target = "hsm-2";
  EXPECT_EQ(CodeOf(fakes::SampleBundle({fakes::SampleAes("key", 1), elsewhere})), std::nullopt);
  EXPECT_EQ(CodeOf(fakes::SampleBundle({fakes::SampleAes("key", 1), fakes::SampleCertificate("key", 2)})),
            std::nullopt);
}

TEST(BundleCodec, GivesEachVersionAnIdOfItsOwn) {
  EXPECT_EQ(CodeOf(fakes::SampleBundle({fakes::SampleAes("one", 1), fakes::SampleAes("two", 1)})),
            Code::kWireMalformed);
  EXPECT_EQ(CodeOf(fakes::SampleBundle({fakes::SampleAes("one", 1), fakes::SampleCertificate("two", 1)})),
            std::nullopt);
}

struct RawCase {
  const char* name;
  std::function<void(proto::Bundle&)> change;
  Code code;
};

TEST(BundleCodec, RefusesWhatItWouldNotWrite) {
  const RawCase cases[] = {
      {"no version", [](proto::Bundle& b) { b.clear_version(); }, Code::kWireVersion},
      {"version 2", [](proto::Bundle& b) { b.set_version(2); }, Code::kWireVersion},
      {"no agent", [](proto::Bundle& b) { b.clear_agent(); }, Code::kWireMalformed},
      {"agent of 15 octets", [](proto::Bundle& b) { b.set_agent(std::string(15, 'a')); }, Code::kWireMalformed},
      {"agent of 17 octets", [](proto::Bundle& b) { b.set_agent(std::string(17, 'a')); }, Code::kWireMalformed},
      {"no domain", [](proto::Bundle& b) { b.clear_domain(); }, Code::kWireMalformed},
      {"no operation", [](proto::Bundle& b) { b.mutable_items(0)->clear_operation(); }, Code::kWireMalformed},
      {"no class", [](proto::Bundle& b) { b.mutable_items(0)->clear_object_class(); }, Code::kWireMalformed},
      {"no key type", [](proto::Bundle& b) { b.mutable_items(0)->clear_key_type(); }, Code::kWireMalformed},
      {"operation 5", [](proto::Bundle& b) { b.mutable_items(0)->set_operation(static_cast<proto::Operation>(5)); },
       Code::kWireMalformed},
      {"wrap method 3", [](proto::Bundle& b) { b.mutable_items(0)->set_wrap(static_cast<proto::WrapMethod>(3)); },
       Code::kWireMalformed},
  };
  const Bytes good = Encode(fakes::SampleBundle({fakes::SampleAes("key")}));
  for (const RawCase& one : cases) {
    proto::Bundle bundle;
    ASSERT_TRUE(bundle.ParseFromArray(good.data(), static_cast<int>(good.size())));
    one.change(bundle);
    const auto decoded = DecodeBundle(Serialize(bundle));
    ASSERT_FALSE(decoded) << one.name;
    EXPECT_EQ(decoded.error().code(), one.code) << one.name;
  }
}

TEST(BundleCodec, RefusesUnknownAndRepeatedFields) {
  Bytes octets = Encode(fakes::SampleBundle({fakes::SampleAes("key")}));
  const std::size_t size = octets.size();
  octets.insert(octets.end(), {0x58, 0x01});  // field 11
  EXPECT_EQ(DecodeBundle(octets).error().code(), Code::kWireUnknownField);
  octets.resize(size);
  octets.insert(octets.end(), {0x28, 0x08});  // `sequence` again
  EXPECT_EQ(DecodeBundle(octets).error().code(), Code::kWireRepeatedField);
}

TEST(BundleCodec, RefusesABombOfEmptyItems) {
  Bytes bomb(limits::kEnvelopeBytes);
  for (std::size_t at = 0; at < bomb.size(); at += 2) bomb[at] = 0x52;
  EXPECT_EQ(DecodeBundle(bomb).error().code(), Code::kWireLimit);
}

TEST(BundleCodec, EveryCutIsRefused) {
  const Bytes octets = Encode(fakes::SampleBundle({fakes::SampleAes("key")}));
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(DecodeBundle(ByteView(octets).first(size))) << size;
  }
}

TEST(ConfirmationCodec, RoundTrips) {
  const ConfirmationBody body = fakes::SampleConfirmation();
  const auto decoded = DecodeConfirmation(Encode(body));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->agent, body.agent);
  EXPECT_EQ(decoded->domain, body.domain);
  EXPECT_EQ(decoded->generation, body.generation);
  EXPECT_EQ(decoded->request_sha256, body.request_sha256);
  EXPECT_EQ(decoded->response_sha256, body.response_sha256);
  EXPECT_EQ(decoded->proof_sha256, body.proof_sha256);
}

TEST(ConfirmationCodec, RefusesWhatIsMissing) {
  ConfirmationBody body = fakes::SampleConfirmation();
  body.generation = 0;
  EXPECT_EQ(DecodeConfirmation(Encode(body)).error().code(), Code::kWireMalformed);
  proto::Confirmation bare;
  EXPECT_EQ(DecodeConfirmation(Serialize(bare)).error().code(), Code::kWireVersion);
  bare.set_version(1);
  EXPECT_EQ(DecodeConfirmation(Serialize(bare)).error().code(), Code::kWireMalformed);
}

}  // namespace
}  // namespace keyferry::wire
