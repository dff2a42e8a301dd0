// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <string>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/message.pb.h"
#include "protocol/wire/proto_fields.h"
#include "protocol/wire/strict.h"

namespace keyferry::wire {
namespace {

// Where a reply has nothing to name, the field is absent.
std::string UnlessZero(ByteView octets) {
  const bool zero = std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
  return zero ? std::string() : ToOctets(octets);
}

Status CheckReply(const Reply& reply) {
  KF_CHECK(CheckSize(reply.code.size(), limits::kTextBytes, "code"));
  KF_CHECK(CheckSize(reply.message.size(), limits::kTextBytes, "message"));
  KF_CHECK(CheckSize(reply.receipt.size(), limits::kReceiptBytes, "receipt"));
  if ((reply.kind == ReplyKind::kReceipt) == reply.receipt.empty()) {
    return Malformed("receipt is missing, or not for this kind");
  }
  if ((reply.kind == ReplyKind::kExpected) != (reply.expected != 0)) {
    return Malformed("expected is missing, or not for this kind");
  }
  if (reply.kind == ReplyKind::kError && reply.code.empty()) return Malformed("code is missing");
  return {};
}

}  // namespace

Bytes Encode(const Ask& ask) {
  proto::Ask out;
  out.set_signer(ToOctets(ask.signer));
  out.set_domain(ToOctets(ask.domain));
  out.set_sequence(ask.sequence);
  return Serialize(out);
}

Result<Ask> DecodeAsk(ByteView octets) {
  if (octets.size() > limits::kAskBytes) return std::unexpected(Error::Make(Code::kWireTooLarge, "Ask is too large"));
  proto::Ask in;
  KF_CHECK(ParseStrictly(octets, in, 0));
  Ask ask;
  KF_CHECK(TakeExactly(in.signer(), "signer", ask.signer));
  KF_CHECK(TakeExactly(in.domain(), "domain", ask.domain));
  ask.sequence = in.sequence();
  if (ask.sequence == 0 || ask.sequence > limits::kLastSequence) return Malformed("Ask: sequence is out of range");
  return ask;
}

Bytes Encode(const Reply& reply) {
  proto::Reply out;
  out.set_kind(static_cast<proto::ReplyKind>(reply.kind));
  out.set_envelope_sha256(UnlessZero(reply.envelope_sha256));
  out.set_signer(UnlessZero(reply.signer));
  out.set_domain(UnlessZero(reply.domain));
  out.set_sequence(reply.sequence);
  out.set_expected(reply.expected);
  out.set_retry_after_ms(reply.retry_after_ms);
  out.set_code(reply.code);
  out.set_message(Fitting(reply.message, limits::kTextBytes));
  out.set_receipt(ToOctets(reply.receipt));
  return Serialize(out);
}

Result<Reply> DecodeReply(ByteView octets) {
  proto::Reply in;
  KF_CHECK(ParseStrictly(octets, in, 0));
  if (in.kind() == proto::REPLY_KIND_NONE) return Malformed("Reply: kind is missing");
  Reply reply;
  reply.kind = static_cast<ReplyKind>(in.kind());
  KF_CHECK(TakeExactlyOrNone(in.envelope_sha256(), "envelope_sha256", reply.envelope_sha256));
  KF_CHECK(TakeExactlyOrNone(in.signer(), "signer", reply.signer));
  KF_CHECK(TakeExactlyOrNone(in.domain(), "domain", reply.domain));
  reply.sequence = in.sequence();
  reply.expected = in.expected();
  reply.retry_after_ms = in.retry_after_ms();
  reply.code = in.code();
  reply.message = in.message();
  reply.receipt = ToBytes(in.receipt());
  KF_CHECK_WITH(CheckReply(reply), "Reply");
  return reply;
}

}  // namespace keyferry::wire
