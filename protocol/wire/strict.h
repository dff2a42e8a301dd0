// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"

namespace google::protobuf {
class Message;
}

namespace keyferry::wire {

// Parses `octets` into `message`, which must be empty, under the rules of codec.h: known fields only, singular fields
// once, depth, at most `most_elements` elements in each repeated field, decided on the raw octets before Protobuf sees
// them. For the other rooms that speak Protobuf (the worker's channel).
Status ParseStrictly(ByteView octets, google::protobuf::Message& message, std::size_t most_elements);
// The same octets for the same value.
Bytes Serialize(const google::protobuf::Message& message);

}  // namespace keyferry::wire
