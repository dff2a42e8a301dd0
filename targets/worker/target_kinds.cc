// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/target_kinds.h"

#include <utility>

#include "targets/hsm/hsm_target.h"

namespace keyferry::worker {
namespace {

hsm::RootKeks RootKeksOf(const record::Record& record) {
  hsm::RootKeks keks;
  for (const record::Generation& generation : record.generations) {
    if (!generation.serving) continue;
    hsm::RootKekIds& ids = keks[generation.number];
    for (const record::RootKeyRecord& key : generation.keys) {
      if (key.key == record::RootKey::kAes) ids.aes = key.id;
      if (key.key == record::RootKey::kMac) ids.mac = key.id;
      if (key.key == record::RootKey::kPrivate) ids.private_key = key.id;
    }
  }
  return keks;
}

Result<std::unique_ptr<target::Target>> MakeHsm(const settings::TargetSettings& target,
                                                const settings::TokenSettings& token, const TokenParts& parts) {
  hsm::HsmSettings settings{.name = target.name,
                            .overlap = target.overlap,
                            .keep_previous = target.keep_previous,
                            .exclusive = token.exclusive,
                            .accept_unenforced_template = token.accept_unenforced_template};
  // The target goes before its session does: a new session comes with new targets.
  auto session = [session = &parts.session]() -> Result<cryptoki::Session*> { return session; };
  KF_TRY(auto made, hsm::HsmTarget::Make(std::move(session), parts.profile, RootKeksOf(parts.record), settings));
  return made;
}

}  // namespace

Result<std::unique_ptr<target::Target>> MakeTarget(const settings::TargetSettings& target,
                                                   const settings::TokenSettings& token, const TokenParts& parts) {
  if (target.kind == "hsm") return MakeHsm(target, token, parts);
  return std::unexpected(Error::Make(
      Code::kSettingsInvalid,
      "target '" + Printable(target.name) + "' is of the kind '" + Printable(target.kind) + "'; known is: hsm"));
}

}  // namespace keyferry::worker
