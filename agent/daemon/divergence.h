// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/item.h"
#include "protocol/base/result.h"
#include "protocol/channel/worker_state.h"
#include "protocol/wire/bundle.h"

namespace keyferry::daemon {

// What the journal knows of one signer in a domain; 0: nothing.
struct SignerNumbers {
  Id16 signer{};
  std::uint64_t last = 0;      // the highest number, accepted or concluded
  std::uint64_t executed = 0;  // the highest whose outcome is in the worker's ledger
};

// True where the worker put this outcome into its ledger before it answered: what it attests, but for a wrong seal and
// a wrong generation, which use up no number there.
bool IsInLedger(const wire::ReceiptBody& body);

// The journal is what was accepted, the ledger what was executed: the ledger may be behind by what is still to be
// executed, and in no other way. Code::kSequenceDiverged where the ledger knows a number that the journal does not (the
// daemon's state directory was restored from a copy), or ends below one that the journal has its outcome of (the
// worker's was). A signer that one side does not name has no number there.
Status CheckAgreement(std::span<const channel::LastOfSigner> ledger, std::span<const SignerNumbers> journal);

}  // namespace keyferry::daemon
