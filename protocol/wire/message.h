// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/crypto.h"
#include "protocol/base/item.h"

// What crosses a ZeroMQ connection: a multipart message whose first frame is a fixed header, 12 octets,
//   "KFM1" ‖ type u8 ‖ zero 3 ‖ payload length u32 (big-endian)
// and whose other frames are the payload in pieces of limits::kFramePayloadBytes, the last one alone shorter. A payload
// has at least one octet; at most limits::kAskBytes in an Ask, limits::kEnvelopeBytes in the others.
namespace keyferry::wire {

enum class MessageType : std::uint8_t {
  kPush = 1,   // KMS to agent: a sealed bundle (envelope)
  kAsk = 2,    // KMS to agent: Ask
  kReply = 3,  // agent to KMS: Reply
};

// Asks again for the receipt of a bundle.
struct Ask {
  Id16 signer{};
  Id16 domain{};
  std::uint64_t sequence = 0;
};

enum class ReplyKind : std::uint8_t {
  kAccepted = 1,    // journalled durably; a receipt follows
  kReceipt = 2,     // concluded: `receipt` is the receipt envelope
  kInProgress = 3,  // accepted earlier and not concluded yet
  kBusy = 4,        // nothing stored: come back after `retry_after_ms`
  kExpected = 5,    // nothing stored: the next number is `expected`
  kError = 6,       // nothing stored, nothing signed: `code` and `message`
};

struct Reply {
  ReplyKind kind = ReplyKind::kError;
  // Which bundle this answers: SHA-256 of the pushed envelope (push), zero where an Ask is answered without one.
  Digest envelope_sha256{};
  Id16 signer{};
  Id16 domain{};
  std::uint64_t sequence = 0;
  std::uint64_t expected = 0;
  std::uint32_t retry_after_ms = 0;
  std::string code;
  std::string message;
  Bytes receipt;
};

struct Message {
  MessageType type;
  Bytes payload;
};

// The frames of one message.
std::vector<Bytes> SplitFrames(MessageType type, ByteView payload);

// Puts a message together from its frames, one at a time, so that a receiver stops at the first that is wrong.
class MessageAssembler {
 public:
  // Code::kWireMalformed, kWireTooLarge; after an error the whole multipart message is to be dropped.
  Status Add(ByteView frame);
  // After the last frame.
  Result<Message> Finish();

 private:
  Bytes header_;
  Bytes payload_;
};

}  // namespace keyferry::wire
