// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <map>

#include "protocol/base/item.h"
#include "targets/hsm/object_index.h"

namespace keyferry::hsm {

// CKA_IDs of the root keys of one generation that open what is delivered, as the domain's record has them.
struct RootKekIds {
  Bytes aes;          // opens AES keys
  Bytes mac;          // opens generic secrets
  Bytes private_key;  // opens private keys
};

// By generation.
using RootKeks = std::map<std::uint32_t, RootKekIds>;

// The handle of a root key: the one secret key of the token with this CKA_ID, from the index. `what` names it in
// messages: "root key 'aes' of generation 1". Code::kRootKeyChanged where there is none, or more than one.
Result<CK_OBJECT_HANDLE> ResolveRootKey(const ObjectIndex& index, const Bytes& id, std::string_view what);

// The root key that opens an item of this generation; 0 for public keys and certificates. Code::kWrongGeneration where
// that generation is not known.
Result<CK_OBJECT_HANDLE> KekFor(const ObjectIndex& index, const RootKeks& keks, std::uint32_t generation,
                                const Item& item);

}  // namespace keyferry::hsm
