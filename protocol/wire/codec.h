// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/bytes.h"
#include "protocol/wire/bundle.h"
#include "protocol/wire/message.h"

// Structs to Protobuf octets and back (protocol/wire/*.proto). Encoding gives the same octets for the same value.
// Decoding is strict, and bounded before Protobuf allocates: a scan of the raw octets refuses unknown fields
// (Code::kWireUnknownField), repeated singular fields (kWireRepeatedField), wrong wire types, depth, and counts and
// sizes above limits.h (kWireLimit); values out of range, text that is not UTF-8, missing required fields, fields
// that an operation does not use, and items that address one object twice are kWireMalformed; a body of another version
// is kWireVersion. Texts for people are made to fit by Encode.
namespace keyferry::wire {

Bytes Encode(const BundleBody& body);
Bytes Encode(const Statement& statement);
Bytes Encode(const ReceiptBody& body);
Bytes Encode(const ConfirmationBody& body);
Bytes Encode(const Ask& ask);
Bytes Encode(const Reply& reply);

Result<BundleBody> DecodeBundle(ByteView octets);
Result<Statement> DecodeStatement(ByteView octets);
Result<ReceiptBody> DecodeReceipt(ByteView octets);
Result<ConfirmationBody> DecodeConfirmation(ByteView octets);
Result<Ask> DecodeAsk(ByteView octets);
Result<Reply> DecodeReply(ByteView octets);

}  // namespace keyferry::wire
