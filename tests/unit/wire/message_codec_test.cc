// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/message.pb.h"
#include "protocol/wire/strict.h"
#include "tests/fakes/sample_bundles.h"

namespace keyferry::wire {
namespace {

std::optional<Code> CodeOf(const Reply& reply) {
  const auto decoded = DecodeReply(Encode(reply));
  return decoded ? std::nullopt : std::optional(decoded.error().code());
}

std::optional<Code> CodeOf(const Ask& ask) {
  const auto decoded = DecodeAsk(Encode(ask));
  return decoded ? std::nullopt : std::optional(decoded.error().code());
}

Reply Expected() {
  Reply reply;
  reply.kind = ReplyKind::kExpected;
  reply.envelope_sha256 = fakes::SampleDigest(4);
  reply.signer = fakes::SampleId(3);
  reply.domain = fakes::SampleId(2);
  reply.sequence = 9;
  reply.expected = 7;
  reply.code = "sequence.expected";
  reply.message = "the next number is 7";
  return reply;
}

TEST(MessageCodec, AsksRoundTrip) {
  const Ask ask{.signer = fakes::SampleId(3), .domain = fakes::SampleId(2), .sequence = 9};
  const auto decoded = DecodeAsk(Encode(ask));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->signer, ask.signer);
  EXPECT_EQ(decoded->domain, ask.domain);
  EXPECT_EQ(decoded->sequence, 9U);
}

TEST(MessageCodec, AsksAreJudged) {
  Ask ask{.signer = {}, .domain = {}, .sequence = 0};
  EXPECT_EQ(CodeOf(ask), Code::kWireMalformed);
  ask.sequence = limits::kLastSequence;
  EXPECT_EQ(CodeOf(ask), std::nullopt);
  ask.sequence = limits::kLastSequence + 1;
  EXPECT_EQ(CodeOf(ask), Code::kWireMalformed);
  EXPECT_EQ(DecodeAsk({}).error().code(), Code::kWireMalformed);
  EXPECT_EQ(DecodeAsk(Bytes(limits::kAskBytes + 1)).error().code(), Code::kWireTooLarge);
}

TEST(MessageCodec, RepliesRoundTrip) {
  Reply receipt = Expected();
  receipt.kind = ReplyKind::kReceipt;
  receipt.expected = 0;
  receipt.receipt = Bytes(limits::kReceiptBytes, 7);
  for (const Reply& reply : {Expected(), receipt}) {
    const auto decoded = DecodeReply(Encode(reply));
    ASSERT_TRUE(decoded) << decoded.error().OneLine();
    EXPECT_EQ(decoded->kind, reply.kind);
    EXPECT_EQ(decoded->envelope_sha256, reply.envelope_sha256);
    EXPECT_EQ(decoded->signer, reply.signer);
    EXPECT_EQ(decoded->domain, reply.domain);
    EXPECT_EQ(decoded->sequence, reply.sequence);
    EXPECT_EQ(decoded->expected, reply.expected);
    EXPECT_EQ(decoded->code, reply.code);
    EXPECT_EQ(decoded->message, reply.message);
    EXPECT_EQ(decoded->receipt, reply.receipt);
  }
}

TEST(MessageCodec, NothingToNameIsLeftOut) {
  Reply busy;
  busy.kind = ReplyKind::kBusy;
  busy.retry_after_ms = 250;
  EXPECT_EQ(HexEncode(Encode(busy)), "080438fa01");
  const auto decoded = DecodeReply(Encode(busy));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->retry_after_ms, 250U);
  EXPECT_EQ(decoded->signer, Id16{});
}

struct Case {
  const char* name;
  std::function<void(Reply&)> change;
  std::optional<Code> code;
};

TEST(MessageCodec, RepliesAreJudged) {
  const Case cases[] = {
      {"as it is", [](Reply&) {}, std::nullopt},
      {"no kind", [](Reply& r) { r.kind = static_cast<ReplyKind>(0); }, Code::kWireMalformed},
      {"kind 7", [](Reply& r) { r.kind = static_cast<ReplyKind>(7); }, Code::kWireMalformed},
      {"no number", [](Reply& r) { r.expected = 0; }, Code::kWireMalformed},
      {"a number that nobody asked for", [](Reply& r) { r.kind = ReplyKind::kAccepted; }, Code::kWireMalformed},
      {"a receipt of the wrong kind", [](Reply& r) { r.receipt = Bytes(1); }, Code::kWireMalformed},
      {"too large a receipt",
       [](Reply& r) {
         r.kind = ReplyKind::kReceipt;
         r.expected = 0;
         r.receipt = Bytes(limits::kReceiptBytes + 1);
       },
       Code::kWireLimit},
      {"no receipt",
       [](Reply& r) {
         r.kind = ReplyKind::kReceipt;
         r.expected = 0;
       },
       Code::kWireMalformed},
      {"an error without code",
       [](Reply& r) {
         r.kind = ReplyKind::kError;
         r.expected = 0;
         r.code.clear();
       },
       Code::kWireMalformed},
      {"a code of 512 octets", [](Reply& r) { r.code = std::string(limits::kTextBytes, 'c'); }, std::nullopt},
      {"a code of 513 octets", [](Reply& r) { r.code = std::string(limits::kTextBytes + 1, 'c'); }, Code::kWireLimit},
  };
  for (const Case& one : cases) {
    Reply reply = Expected();
    one.change(reply);
    EXPECT_EQ(CodeOf(reply), one.code) << one.name;
  }
}

TEST(MessageCodec, LongMessagesAreCutWhereTheyAreWritten) {
  Reply reply = Expected();
  for (const std::size_t size : {limits::kTextBytes - 1, limits::kTextBytes, limits::kTextBytes + 1}) {
    reply.message = std::string(size, 'm');
    const auto decoded = DecodeReply(Encode(reply));
    ASSERT_TRUE(decoded);
    EXPECT_LE(decoded->message.size(), limits::kTextBytes);
    EXPECT_EQ(decoded->message == reply.message, size <= limits::kTextBytes);
  }
  reply.message = "\xff";
  EXPECT_TRUE(DecodeReply(Encode(reply)));
  proto::Reply raw;
  raw.set_kind(proto::REPLY_KIND_ACCEPTED);
  raw.set_message(std::string(limits::kTextBytes + 1, 'm'));
  EXPECT_EQ(DecodeReply(Serialize(raw)).error().code(), Code::kWireLimit);
}

}  // namespace
}  // namespace keyferry::wire
