// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>

#include "bootstrap/record/record.h"
#include "targets/cryptoki/session.h"

namespace keyferry::worker {

using RootKeys = std::map<record::RootKey, CK_OBJECT_HANDLE>;

// Finds every root key of a generation by label and CKA_ID and reads its attributes back, one by one, against the
// record. Code::kRootKeyChanged names the first that is missing, doubled or different; hsm.* where the token could not
// tell.
Result<RootKeys> FindRootKeys(const cryptoki::Session& session, const record::Generation& generation,
                              bool template_readable);

// Finds the receipt key, and has it sign something that the public key of the record verifies. Code::kRootKeyChanged.
Result<CK_OBJECT_HANDLE> FindReceiptKey(cryptoki::Session& session, const record::Record& record);

}  // namespace keyferry::worker
