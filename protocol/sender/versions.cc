// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/versions.h"

#include <algorithm>
#include <ranges>

#include "protocol/seal/receipt.h"
#include "protocol/wire/codec.h"

namespace keyferry::sender {
namespace {

bool Tells(const wire::ItemOutcome& outcome, const Item& item) {
  return outcome.result == wire::ItemResult::kOk && outcome.target == item.target &&
         outcome.object_class == item.object_class && outcome.label == item.label;
}

std::unexpected<Error> NotThere(const std::string& domain, const Item& addressed, std::string_view why) {
  return std::unexpected(
      Error::Make(Code::kItemMissing, std::string(why) + " " + std::string(Name(addressed.object_class)) + " '" +
                                          Printable(addressed.label) + "' in domain '" + domain + "'")
          .NextStep("push it first, or name the version that is current with --expected-id"));
}

}  // namespace

Result<Bytes> CurrentVersion(Store& store, const std::string& domain, const Item& addressed) {
  KF_TRY(const DomainRow row, store.FindDomain(domain));
  KF_TRY(const std::vector<BundleRow> bundles, store.Bundles(domain));
  for (const BundleRow& bundle : bundles | std::views::reverse) {
    if (bundle.receipt.empty()) continue;
    KF_TRY(const seal::VerifiedReceipt receipt, seal::VerifyReceipt(bundle.receipt, row.agent_key, row.receipt_key));
    if (!receipt.statement || receipt.statement->simulated) continue;
    for (const wire::ItemOutcome& outcome : receipt.statement->items) {
      if (!Tells(outcome, addressed)) continue;
      // The newest word counts: what an older receipt tells of was deleted since.
      if (outcome.id.empty()) return NotThere(domain, addressed, "the last receipt here tells of the deletion of");
      return outcome.id;
    }
  }
  return NotThere(domain, addressed, "no receipt here tells of");
}

}  // namespace keyferry::sender
