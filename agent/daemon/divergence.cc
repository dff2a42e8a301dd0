// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/divergence.h"

#include <algorithm>
#include <string>

#include "protocol/base/bytes.h"

namespace keyferry::daemon {
namespace {

std::unexpected<Error> Diverged(const std::string& what, std::string_view whose) {
  return std::unexpected(Error::Make(
      Code::kSequenceDiverged, what + ": the " + std::string(whose) + "'s state directory was restored from a copy"));
}

std::string Numbered(const Id16& signer, std::uint64_t number) {
  return "number " + std::to_string(number) + " of signer " + HexEncode(signer);
}

}  // namespace

bool IsInLedger(const wire::ReceiptBody& body) {
  return body.attested_by == wire::AttestedBy::kWorker && body.code != Name(Code::kSealWrong) &&
         body.code != Name(Code::kWrongGeneration);
}

Status CheckAgreement(std::span<const channel::LastOfSigner> ledger, std::span<const SignerNumbers> journal) {
  for (const auto& [signer, last] : ledger) {
    const auto known = std::ranges::find(journal, signer, &SignerNumbers::signer);
    const std::uint64_t accepted = known == journal.end() ? 0 : known->last;
    if (last <= accepted) continue;
    return Diverged(
        "the worker's ledger has " + Numbered(signer, last) + ", and the journal ends at " + std::to_string(accepted),
        "daemon");
  }
  for (const SignerNumbers& known : journal) {
    const auto found = std::ranges::find(ledger, known.signer, &channel::LastOfSigner::signer);
    const std::uint64_t last = found == ledger.end() ? 0 : found->last;
    if (last >= known.executed) continue;
    return Diverged("the journal has the outcome of " + Numbered(known.signer, known.executed) +
                        ", and the worker's ledger ends at " + std::to_string(last),
                    "worker");
  }
  return {};
}

}  // namespace keyferry::daemon
