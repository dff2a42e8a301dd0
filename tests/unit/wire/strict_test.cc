// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/strict.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "protocol/wire/limits.h"
#include "tests/unit/wire/strict_test.pb.h"

namespace keyferry::wire {
namespace {

using test::Everything;

constexpr std::size_t kMost = 3;

std::optional<Code> Parse(ByteView octets, std::size_t most = kMost) {
  Everything parsed;
  const Status status = ParseStrictly(octets, parsed, most);
  return status ? std::nullopt : std::optional(status.error().code());
}

std::optional<Code> ParseHex(std::string_view hex) { return Parse(HexDecode(hex).value()); }

Everything Nested(int levels) {
  Everything message;
  Everything* at = &message;
  for (int level = 1; level < levels; ++level) at = at->mutable_inner();
  at->set_flag(true);
  return message;
}

TEST(Strict, TakesWhatSerializeMakes) {
  Everything message;
  message.set_small(300);
  message.set_large(~std::uint64_t{0});
  message.set_small_signed(-2);
  message.set_flag(true);
  message.set_colour(test::COLOUR_RED);
  message.set_text("Ünï");
  message.set_octets(std::string("\0\xff", 2));
  message.set_word(7);
  message.set_long_word(8);
  message.mutable_inner()->add_many()->set_left(1);
  for (std::uint32_t i = 0; i < kMost; ++i) {
    message.add_packed(i);
    message.add_loose(i);
    message.add_packed_words(i);
    message.add_texts("x");
  }
  Everything parsed;
  ASSERT_TRUE(ParseStrictly(Serialize(message), parsed, kMost));
  EXPECT_EQ(parsed.SerializeAsString(), message.SerializeAsString());
}

TEST(Strict, TakesNothingAtAll) { EXPECT_EQ(Parse({}), std::nullopt); }

TEST(Strict, RefusesUnknownFields) {
  EXPECT_EQ(ParseHex("f80101"), Code::kWireUnknownField);    // field 31
  EXPECT_EQ(ParseHex("5202f801"), Code::kWireUnknownField);  // within `inner`
  EXPECT_EQ(ParseHex("00"), Code::kWireUnknownField);        // field 0
}

TEST(Strict, RefusesRepeatedSingularFields) {
  EXPECT_EQ(ParseHex("08010802"), Code::kWireRepeatedField);
  EXPECT_EQ(ParseHex("08010801"), Code::kWireRepeatedField);
  EXPECT_EQ(ParseHex("52005200"), Code::kWireRepeatedField);    // messages, which Protobuf would merge
  EXPECT_EQ(ParseHex("7801800101"), Code::kWireRepeatedField);  // both members of a oneof
}

TEST(Strict, RefusesOtherWireTypes) {
  EXPECT_EQ(ParseHex("0a0101"), Code::kWireMalformed);      // `small`, length-prefixed
  EXPECT_EQ(ParseHex("0d01000000"), Code::kWireMalformed);  // `small`, 32 bits
  EXPECT_EQ(ParseHex("0b0c"), Code::kWireMalformed);        // a group
  EXPECT_EQ(ParseHex("3001"), Code::kWireMalformed);        // `text` as a number
  EXPECT_EQ(ParseHex("6001"), Code::kWireMalformed);        // `packed`, not packed
  EXPECT_EQ(ParseHex("6a0101"), Code::kWireMalformed);      // `loose`, packed
}

TEST(Strict, RefusesNumbersThatAreNotMinimal) {
  EXPECT_EQ(ParseHex("0801"), std::nullopt);
  EXPECT_EQ(ParseHex("088100"), Code::kWireMalformed);
  EXPECT_EQ(ParseHex("880001"), Code::kWireMalformed);    // the tag
  EXPECT_EQ(ParseHex("32810061"), Code::kWireMalformed);  // the length
  EXPECT_EQ(ParseHex("10ffffffffffffffffff01"), std::nullopt);
  EXPECT_EQ(ParseHex("10ffffffffffffffffff02"), Code::kWireMalformed);    // above 64 bits
  EXPECT_EQ(ParseHex("10ffffffffffffffffffff01"), Code::kWireMalformed);  // eleven octets
}

TEST(Strict, RefusesNumbersWiderThanTheirField) {
  EXPECT_EQ(ParseHex("08ffffffff0f"), std::nullopt);
  EXPECT_EQ(ParseHex("088080808010"), Code::kWireMalformed);  // 2^32
  EXPECT_EQ(ParseHex("18ffffffff07"), std::nullopt);
  EXPECT_EQ(ParseHex("188080808008"), Code::kWireMalformed);  // 2^31 as int32
  EXPECT_EQ(ParseHex("2001"), std::nullopt);
  EXPECT_EQ(ParseHex("2002"), Code::kWireMalformed);  // a boolean
  EXPECT_EQ(ParseHex("2801"), std::nullopt);
  EXPECT_EQ(ParseHex("2802"), Code::kWireMalformed);  // no such colour
}

TEST(Strict, RefusesWhatIsCutOff) {
  for (const std::string_view hex :
       {"08", "0880", "80", "32", "3202", "320261", "45000000", "4900", "520208", "6201"}) {
    EXPECT_EQ(ParseHex(hex), Code::kWireMalformed) << hex;
  }
}

TEST(Strict, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(ParseHex("3202c3bc"), std::nullopt);
  EXPECT_EQ(ParseHex("3201ff"), Code::kWireMalformed);
  EXPECT_EQ(ParseHex("7201c3"), Code::kWireMalformed);  // in a repeated field
  EXPECT_EQ(ParseHex("3a01ff"), std::nullopt);          // octets may be anything
}

TEST(Strict, BoundsDepth) {
  EXPECT_EQ(Parse(Serialize(Nested(limits::kDepth - 1))), std::nullopt);
  EXPECT_EQ(Parse(Serialize(Nested(limits::kDepth))), std::nullopt);
  EXPECT_EQ(Parse(Serialize(Nested(limits::kDepth + 1))), Code::kWireLimit);
}

TEST(Strict, BoundsElements) {
  for (const std::string_view element : {"5a00", "6801", "720161"}) {
    std::string hex;
    for (std::size_t i = 0; i < kMost; ++i) hex += element;
    EXPECT_EQ(ParseHex(hex), std::nullopt) << element;
    EXPECT_EQ(ParseHex(hex + std::string(element)), Code::kWireLimit) << element;
  }
  EXPECT_EQ(ParseHex("6203010203"), std::nullopt);
  EXPECT_EQ(ParseHex("620401020304"), Code::kWireLimit);
  EXPECT_EQ(ParseHex("62020102620103"), std::nullopt);
  EXPECT_EQ(ParseHex("6202010262020304"), Code::kWireLimit);
}

TEST(Strict, RefusesBombsBeforeProtobufSeesThem) {
  Bytes bomb(limits::kEnvelopeBytes);
  for (std::size_t at = 0; at < bomb.size(); at += 2) bomb[at] = 0x5a;  // `many`, empty, half a million times
  Everything parsed;
  const Status status = ParseStrictly(bomb, parsed, 256);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::kWireLimit);
  EXPECT_EQ(parsed.many_size(), 0);
}

TEST(Strict, RefusesDeepBombs) {
  // Each level holds the next; deep enough to end any stack that follows it.
  Bytes bomb;
  std::size_t size = 0;
  for (int level = 0; level < 200'000; ++level) {
    Bytes prefix = {0x52};
    for (std::size_t rest = size; true; rest >>= 7U) {
      prefix.push_back(static_cast<std::uint8_t>((rest & 0x7fU) | (rest > 0x7f ? 0x80U : 0U)));
      if (rest <= 0x7f) break;
    }
    size += prefix.size();
    bomb.insert(bomb.end(), prefix.rbegin(), prefix.rend());
  }
  std::ranges::reverse(bomb);
  EXPECT_EQ(Parse(bomb), Code::kWireLimit);
}

TEST(Strict, BoundsSize) {
  Everything message;
  message.set_octets(std::string(2 * limits::kEnvelopeBytes, 'x'));
  EXPECT_EQ(Parse(Serialize(message)), Code::kWireTooLarge);
}

// Whatever two octets are changed to, the answer is a value or an error, and what is taken means the same to Protobuf.
TEST(Strict, EveryTwoOctetsAreTakenOrRefused) {
  for (unsigned value = 0; value <= 0xffff; ++value) {
    const Bytes octets = {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
    Everything parsed;
    if (!ParseStrictly(octets, parsed, kMost)) continue;
    Everything plain;
    EXPECT_TRUE(plain.ParseFromArray(octets.data(), 2)) << value;
    EXPECT_TRUE(plain.GetReflection()->GetUnknownFields(plain).empty()) << value;
  }
}

}  // namespace
}  // namespace keyferry::wire
