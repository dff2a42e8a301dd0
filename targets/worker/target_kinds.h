// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "bootstrap/record/record.h"
#include "protocol/settings/settings.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/session.h"
#include "targets/target/target.h"

namespace keyferry::worker {

// What a target may be made from: the open token and the domain's record. `session` outlives the target.
struct TokenParts {
  cryptoki::Session& session;
  const cryptoki::TokenProfile& profile;
  const record::Record& record;
};

// The one place that names the kinds of targets. Code::kSettingsInvalid for a kind that is not known.
Result<std::unique_ptr<target::Target>> MakeTarget(const settings::TargetSettings& target,
                                                   const settings::TokenSettings& token, const TokenParts& parts);

}  // namespace keyferry::worker
