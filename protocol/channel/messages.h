// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <variant>

#include "protocol/channel/channel.h"

// The octets of requests and answers (channel.proto). Decoding is strict: Code::kWire….
namespace keyferry::channel {

enum class RequestKind : std::uint8_t { kExecute = 1, kState = 2, kOpenLatch = 3, kStatus = 4 };

struct Request {
  RequestKind kind = RequestKind::kState;
  Bytes envelope;  // kExecute only
};

Bytes Encode(RequestKind kind, ByteView envelope = {});
Result<Request> DecodeRequest(ByteView octets);

Bytes Encode(const ExecuteAnswer& answer);
Bytes Encode(const WorkerState& state);
Bytes Encode(const Status& done);
Bytes EncodeStatus(const std::string& json);

Result<ExecuteAnswer> DecodeExecuteAnswer(ByteView octets);
Result<WorkerState> DecodeState(ByteView octets);
// What the other side answered: OK, or its error.
Status DecodeDone(ByteView octets);
Result<std::string> DecodeStatus(ByteView octets);

}  // namespace keyferry::channel
