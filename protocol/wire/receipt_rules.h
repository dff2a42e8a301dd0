// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/result.h"
#include "protocol/wire/bundle.h"

namespace keyferry::wire {

// Whether the outcome of one item says what was seen in the target: all that succeeded and left an object there.
bool HasEvidence(const ItemOutcome& item);

// What PROTOCOL.md ("Receipts and statements") demands: Code::kWireLimit for sizes, kWireMalformed for the rest.
Status CheckStatement(const Statement& statement);
Status CheckReceipt(const ReceiptBody& body);

}  // namespace keyferry::wire
