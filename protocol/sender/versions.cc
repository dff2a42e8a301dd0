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
      if (outcome.id.empty()) break;
      return outcome.id;
    }
  }
  return std::unexpected(
      Error::Make(Code::kItemMissing, "no receipt here tells of a " + std::string(Name(addressed.object_class)) + " '" +
                                          Printable(addressed.label) + "' in domain '" + domain + "'")
          .NextStep("push it first, or name the version that is current with --expected-id"));
}

}  // namespace keyferry::sender
