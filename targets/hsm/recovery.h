// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>

#include "targets/hsm/hsm_context.h"

namespace keyferry::hsm {

// Removes what an attempt that died left incomplete: objects under the ids and the labels of `items` (or without any
// label) whose attributes are not as planned, or whose key is not the one that the item's check value or public key
// names. What is complete stays. Objects that show no attribute at all are removed where the token is ours alone; else
// they are reported, once, in the log.
Status RemoveIncomplete(HsmContext& context, std::span<const Item> items);

}  // namespace keyferry::hsm
