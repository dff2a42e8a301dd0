// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/message.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

Json FramesJson(const std::vector<Bytes>& frames) {
  Json json = Json::EmptyArray();
  for (const Bytes& frame : frames) json.Add(HexEncode(frame));
  return json;
}

wire::Reply ReplyOf(wire::ReplyKind kind, const char* code, const char* message) {
  wire::Reply reply;
  reply.kind = kind;
  reply.envelope_sha256 = fakes::SampleDigest(0x44);
  reply.signer = IdOfKey(Signer().public_key());
  reply.domain = fakes::SampleId(0x22);
  reply.sequence = 7;
  reply.code = code;
  reply.message = message;
  return reply;
}

Json ReplyCase(const char* name, const wire::Reply& reply) {
  const Bytes octets = wire::Encode(reply);
  Json json = Json::EmptyObject();
  json.Set("name", name)
      .Set("type", static_cast<int>(wire::MessageType::kReply))
      .Set("kind", static_cast<int>(reply.kind));
  json.Set("envelope_sha256", HexEncode(reply.envelope_sha256)).Set("signer", HexEncode(reply.signer));
  json.Set("domain", HexEncode(reply.domain)).Set("sequence", reply.sequence).Set("expected", reply.expected);
  json.Set("retry_after_ms", reply.retry_after_ms).Set("code", reply.code).Set("message", reply.message);
  json.Set("receipt", HexEncode(reply.receipt)).Set("payload", HexEncode(octets));
  return json.Set("frames", FramesJson(wire::SplitFrames(wire::MessageType::kReply, octets)));
}

Json AskCase() {
  const wire::Ask ask{.signer = IdOfKey(Signer().public_key()), .domain = fakes::SampleId(0x22), .sequence = 7};
  const Bytes octets = wire::Encode(ask);
  Json json = Json::EmptyObject();
  json.Set("name", "ask").Set("type", static_cast<int>(wire::MessageType::kAsk));
  json.Set("signer", HexEncode(ask.signer)).Set("domain", HexEncode(ask.domain)).Set("sequence", ask.sequence);
  json.Set("payload", HexEncode(octets));
  return json.Set("frames", FramesJson(wire::SplitFrames(wire::MessageType::kAsk, octets)));
}

// How a payload of `octets` octets is cut; its octets count up from 0 and wrap.
Json CutCase(std::size_t octets) {
  const auto frames = wire::SplitFrames(wire::MessageType::kPush, Ascending(0, octets));
  Json sizes = Json::EmptyArray();
  Json digests = Json::EmptyArray();
  for (const Bytes& frame : frames) {
    sizes.Add(std::uint64_t{frame.size()});
    digests.Add(HexEncode(Sha256(frame)));
  }
  Json json = Json::EmptyObject();
  json.Set("name", "push of " + std::to_string(octets) + " octets");
  json.Set("type", static_cast<int>(wire::MessageType::kPush)).Set("payload_octets", std::uint64_t{octets});
  json.Set("first_frame", HexEncode(frames.front()));
  return json.Set("frame_octets", std::move(sizes)).Set("frame_sha256", std::move(digests));
}

}  // namespace

Json MessageVectors() {
  using wire::ReplyKind;
  wire::Reply busy = ReplyOf(ReplyKind::kBusy, "busy", "the domain's queue is full");
  busy.retry_after_ms = 250;
  wire::Reply expected = ReplyOf(ReplyKind::kExpected, "sequence.expected", "the next number is 5");
  expected.expected = 5;
  wire::Reply receipt = ReplyOf(ReplyKind::kReceipt, "", "");
  receipt.receipt = Ascending(0, 40);
  wire::Reply error = ReplyOf(ReplyKind::kError, "trust.wrong-domain", "this agent serves no such domain");
  wire::Reply unread = ReplyOf(ReplyKind::kError, "wire.malformed", "the first frame is no header");
  unread.envelope_sha256 = {};
  unread.signer = {};
  unread.domain = {};
  unread.sequence = 0;
  Json cases = Json::EmptyArray();
  cases.Add(AskCase());
  cases.Add(ReplyCase("accepted", ReplyOf(ReplyKind::kAccepted, "", "")));
  cases.Add(ReplyCase("receipt", receipt));
  cases.Add(ReplyCase("in progress", ReplyOf(ReplyKind::kInProgress, "in-progress", "")));
  cases.Add(ReplyCase("busy", busy)).Add(ReplyCase("expected", expected)).Add(ReplyCase("error", error));
  cases.Add(ReplyCase("error, nothing could be read", unread));
  Json cuts = Json::EmptyArray();
  for (const std::size_t octets : {std::size_t{1}, std::size_t{15'360}, std::size_t{15'361}, std::size_t{1'048'576}}) {
    cuts.Add(CutCase(octets));
  }
  Json json = Json::EmptyObject();
  json.Set(
      "about",
      "Messages and how they are cut into frames: PROTOCOL.md, Messages. An identifier or digest of zeros is absent on "
      "the wire.");
  return json.Set("cases", std::move(cases)).Set("cuts", std::move(cuts));
}

}  // namespace keyferry::golden
