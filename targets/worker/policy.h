// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/item.h"
#include "protocol/base/result.h"
#include "protocol/settings/settings.h"

namespace keyferry::worker {

// The policy that covers a signer: one of its own name, else "default"; nullptr where none does.
const settings::SignerPolicy* PolicyOf(const settings::WorkerSettings& settings, const std::string& signer);

// Whether this signer may ask for this item. `policy` as from PolicyOf; `key_type`: of the key that the item brings or,
// for deletions and rollbacks, that is there. Code::kItemPolicy.
Status CheckPolicy(const settings::SignerPolicy* policy, const std::string& signer, const Item& item, KeyType key_type);

// WRAP and UNWRAP are refused whatever the target: a key that was delivered must not carry others out. Which usages a
// class can have is the target's to say. Code::kItemUsage.
Status CheckUsage(const Item& item);

}  // namespace keyferry::worker
