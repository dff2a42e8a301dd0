// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/message.h"

#include <gtest/gtest.h>

#include <optional>

#include "protocol/wire/limits.h"

namespace keyferry::wire {
namespace {

Bytes Pattern(std::size_t size) {
  Bytes octets(size);
  for (std::size_t at = 0; at < size; ++at) octets[at] = static_cast<std::uint8_t>(at * 7 + at / 251);
  return octets;
}

Result<Message> Assemble(const std::vector<Bytes>& frames) {
  MessageAssembler assembler;
  for (const Bytes& frame : frames) KF_CHECK(assembler.Add(frame));
  return assembler.Finish();
}

std::optional<Code> CodeOf(const std::vector<Bytes>& frames) {
  const auto message = Assemble(frames);
  return message ? std::nullopt : std::optional(message.error().code());
}

Bytes HeaderOf(std::string_view hex_after_magic) {
  return Concat({AsBytes("KFM1"), HexDecode(hex_after_magic).value()});
}

TEST(Message, FramesHaveTheLayoutOfTheSpecification) {
  const auto frames = SplitFrames(MessageType::kAsk, Bytes{1, 2, 3});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(HexEncode(frames[0]),
            "4b464d31"
            "02000000"
            "00000003");
  EXPECT_EQ(frames[1], (Bytes{1, 2, 3}));
}

TEST(Message, RoundTripsAtEveryEdge) {
  const std::size_t full = limits::kFramePayloadBytes;
  for (const std::size_t size : {std::size_t{1}, full - 1, full, full + 1, 2 * full, limits::kEnvelopeBytes}) {
    const Bytes payload = Pattern(size);
    const auto frames = SplitFrames(MessageType::kPush, payload);
    EXPECT_EQ(frames.size(), 1 + (size + full - 1) / full);
    EXPECT_LE(frames.size(), limits::kFrames);
    const auto message = Assemble(frames);
    ASSERT_TRUE(message) << size;
    EXPECT_EQ(message->type, MessageType::kPush);
    EXPECT_EQ(message->payload, payload);
  }
}

TEST(Message, AnAssemblerServesTheNextMessageToo) {
  MessageAssembler assembler;
  for (int round = 0; round < 2; ++round) {
    for (const Bytes& frame : SplitFrames(MessageType::kReply, Pattern(20'000))) ASSERT_TRUE(assembler.Add(frame));
    const auto message = assembler.Finish();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload, Pattern(20'000));
  }
}

TEST(Message, BoundsPayloads) {
  EXPECT_EQ(CodeOf({HeaderOf("0100000000100001")}), Code::kWireTooLarge);  // kEnvelopeBytes + 1
  EXPECT_EQ(CodeOf({HeaderOf("03000000ffffffff")}), Code::kWireTooLarge);
  EXPECT_EQ(CodeOf(SplitFrames(MessageType::kAsk, Pattern(limits::kAskBytes))), std::nullopt);
  EXPECT_EQ(CodeOf(SplitFrames(MessageType::kAsk, Pattern(limits::kAskBytes + 1))), Code::kWireTooLarge);
}

TEST(Message, RefusesWrongHeaders) {
  const Bytes payload{1};
  EXPECT_EQ(CodeOf({HeaderOf("0100000000000001"), payload}), std::nullopt);
  for (const std::string_view bad : {"0000000000000001", "0400000000000001", "0101000000000001", "0100010000000001",
                                     "0100000100000001", "0100000000000000", "01000000000001", "010000000000000100"}) {
    EXPECT_EQ(CodeOf({HeaderOf(bad), payload}), Code::kWireMalformed) << bad;
  }
  EXPECT_EQ(CodeOf({HexDecode("4b464d320100000000000001").value(), payload}), Code::kWireMalformed);
  EXPECT_EQ(CodeOf({Bytes(), payload}), Code::kWireMalformed);
}

TEST(Message, RefusesPiecesThatAreNotAsAnnounced) {
  const std::size_t full = limits::kFramePayloadBytes;
  const auto good = SplitFrames(MessageType::kPush, Pattern(full + 10));
  EXPECT_EQ(CodeOf({}), Code::kWireMalformed);
  EXPECT_EQ(CodeOf({good[0]}), Code::kWireMalformed);
  EXPECT_EQ(CodeOf({good[0], good[1]}), Code::kWireMalformed);
  EXPECT_EQ(CodeOf({good[0], good[1], good[2], Bytes{1}}), Code::kWireTooLarge);
  EXPECT_EQ(CodeOf({good[0], good[1], Pattern(11)}), Code::kWireTooLarge);
  EXPECT_EQ(CodeOf({good[0], Pattern(full + 1), Pattern(9)}), Code::kWireTooLarge);
  EXPECT_EQ(CodeOf({good[0], Pattern(full - 1), Pattern(11)}), Code::kWireMalformed);
  EXPECT_EQ(CodeOf({good[0], Bytes(), good[1], good[2]}), Code::kWireMalformed);
}

}  // namespace
}  // namespace keyferry::wire
