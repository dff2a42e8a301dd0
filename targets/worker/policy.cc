// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/policy.h"

#include <algorithm>

namespace keyferry::worker {
namespace {

Error Denied(const std::string& signer, const std::string& what) {
  return Error::Make(Code::kItemPolicy, "signer '" + Printable(signer) + "' may not " + what);
}

}  // namespace

const settings::SignerPolicy* PolicyOf(const settings::WorkerSettings& settings, const std::string& signer) {
  auto found = settings.policies.find(signer);
  if (found == settings.policies.end()) found = settings.policies.find("default");
  return found == settings.policies.end() ? nullptr : &found->second;
}

Status CheckPolicy(const settings::SignerPolicy* policy, const std::string& signer, const Item& item,
                   KeyType key_type) {
  if (policy == nullptr) return std::unexpected(Denied(signer, "do anything: no policy covers it"));
  if (std::ranges::find(policy->operations, item.operation) == policy->operations.end()) {
    return std::unexpected(Denied(signer, std::string(Name(item.operation))));
  }
  if (std::ranges::find(policy->key_types, key_type) == policy->key_types.end()) {
    return std::unexpected(Denied(signer, "handle keys of type " + std::string(Name(key_type))));
  }
  const auto fits = [&](const std::string& prefix) { return item.label.starts_with(prefix); };
  if (std::ranges::none_of(policy->label_prefixes, fits)) {
    return std::unexpected(Denied(signer, "use the label '" + Printable(item.label) + "'"));
  }
  return {};
}

Status CheckUsage(const Item& item) {
  const std::uint32_t wrong = item.usage & (usage::kWrap | usage::kUnwrap);
  if (wrong == 0) return {};
  return std::unexpected(Error::Make(
      Code::kItemUsage, "'" + Printable(item.label) + "' may not have the usage '" + UsageNames(wrong) + "'"));
}

}  // namespace keyferry::worker
