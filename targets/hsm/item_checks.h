// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/item.h"
#include "targets/cryptoki/profile.h"

namespace keyferry::hsm {

// What can be said about an item before the token is asked: fields, lengths, usages, what the token's profile rules
// out. The length of a key is bounded by that of the wrapped octets, since some tokens take AES keys of any length at
// unwrap. kItemInvalid, kItemForeign (a label of the domain's own keys), kItemLength, kItemUsage, kKeyTypeUnsupported,
// kMechanismMissing.
Status CheckItem(const Item& item, const cryptoki::TokenProfile& profile);

}  // namespace keyferry::hsm
