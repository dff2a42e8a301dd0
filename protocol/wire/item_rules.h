// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

#include "protocol/base/item.h"
#include "protocol/base/result.h"

namespace keyferry::wire {

// What PROTOCOL.md ("Items") demands of every item: Code::kWireLimit for sizes, kWireMalformed for the rest. Says
// nothing about what a target can do or a signer may.
Status CheckItem(const Item& item);

// 1 to `most` octets of UTF-8 without control characters. `name` is the field's.
Status CheckText(std::string_view text, std::size_t most, std::string_view name);

}  // namespace keyferry::wire
