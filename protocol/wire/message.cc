// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/message.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/wire/limits.h"

namespace keyferry::wire {
namespace {

constexpr std::string_view kMagic = "KFM1";
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kTypeAt = 4;
constexpr std::size_t kLengthAt = 8;

std::unexpected<Error> Refuse(Code code, const std::string& why) {
  return std::unexpected(Error::Make(code, "message: " + why));
}

std::size_t MostBytes(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(MessageType::kAsk) ? limits::kAskBytes : limits::kEnvelopeBytes;
}

Status CheckHeader(ByteView header) {
  if (header.size() != kHeaderBytes || !Equal(header.first(kMagic.size()), AsBytes(kMagic))) {
    return Refuse(Code::kWireMalformed, "the first frame is not a header of 12 octets that begins with KFM1");
  }
  const std::uint8_t type = header[kTypeAt];
  if (type < static_cast<std::uint8_t>(MessageType::kPush) || type > static_cast<std::uint8_t>(MessageType::kReply)) {
    return Refuse(Code::kWireMalformed, "type " + std::to_string(type) + " is not known");
  }
  if ((header[5] | header[6] | header[7]) != 0) return Refuse(Code::kWireMalformed, "octets 5 to 7 are not zero");
  const std::uint32_t size = ReadU32(header.subspan(kLengthAt));
  if (size == 0) return Refuse(Code::kWireMalformed, "the payload is empty");
  if (size > MostBytes(type)) {
    return Refuse(Code::kWireTooLarge, "a payload of " + std::to_string(size) + " octets is announced; at most " +
                                           std::to_string(MostBytes(type)));
  }
  return {};
}

}  // namespace

std::vector<Bytes> SplitFrames(MessageType type, ByteView payload) {
  Bytes header = Concat({AsBytes(kMagic)});
  header.push_back(static_cast<std::uint8_t>(type));
  header.resize(kLengthAt);
  AppendU32(header, static_cast<std::uint32_t>(payload.size()));
  std::vector<Bytes> frames;
  frames.push_back(std::move(header));
  while (!payload.empty()) {
    const ByteView piece = payload.first(std::min(payload.size(), limits::kFramePayloadBytes));
    frames.emplace_back(piece.begin(), piece.end());
    payload = payload.subspan(piece.size());
  }
  return frames;
}

Status MessageAssembler::Add(ByteView frame) {
  if (header_.empty()) {
    KF_CHECK(CheckHeader(frame));
    header_.assign(frame.begin(), frame.end());
    return {};
  }
  const std::size_t missing = ReadU32(ByteView(header_).subspan(kLengthAt)) - payload_.size();
  if (missing == 0) return Refuse(Code::kWireTooLarge, "more octets follow than the header announces");
  // Full pieces only, so that the number of frames is bounded by the payload's size.
  const std::size_t due = std::min(missing, limits::kFramePayloadBytes);
  if (frame.size() > due) return Refuse(Code::kWireTooLarge, "a frame is larger than it may be");
  if (frame.size() < due) return Refuse(Code::kWireMalformed, "a frame that is not the last is not full");
  payload_.insert(payload_.end(), frame.begin(), frame.end());
  return {};
}

Result<Message> MessageAssembler::Finish() {
  if (header_.empty()) return Refuse(Code::kWireMalformed, "there are no frames");
  if (payload_.size() != ReadU32(ByteView(header_).subspan(kLengthAt))) {
    return Refuse(Code::kWireMalformed, "fewer octets came than the header announces");
  }
  Message message{.type = static_cast<MessageType>(header_[kTypeAt]), .payload = std::exchange(payload_, {})};
  header_.clear();
  return message;
}

}  // namespace keyferry::wire
