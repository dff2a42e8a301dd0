// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/item.h"
#include "protocol/sender/store.h"

namespace keyferry::sender {

// The CKA_ID that is current at the target, as the receipts in the store say, of the object that `addressed` names by
// target, class and label. Code::kItemMissing where no receipt tells of it, or the last one of its deletion.
Result<Bytes> CurrentVersion(Store& store, const std::string& domain, const Item& addressed);

}  // namespace keyferry::sender
