// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/session.h"

namespace keyferry::cryptoki {

// The attributes that make a root key (or the receipt key) what it is: class, type, length, TOKEN, PRIVATE, SENSITIVE,
// EXTRACTABLE, MODIFIABLE, COPYABLE, every usage, ALLOWED_MECHANISMS, UNWRAP_TEMPLATE. The ceremony puts them in the
// domain's record (record::PinnedAttribute); the worker reads them again at every start and compares the octets.
// An attribute that the token does not know or show is absent. Values are the token's octets; lists of mechanisms are
// sorted; a nested template is written as, for each attribute in the order of the types, type u64 ‖ length u32 ‖ octets
// (big-endian), and is read only where `template_readable` (TokenProfile).
Result<std::map<CK_ATTRIBUTE_TYPE, Bytes>> ReadPinnedAttributes(const Session& session, CK_OBJECT_HANDLE object,
                                                                bool template_readable);

}  // namespace keyferry::cryptoki
