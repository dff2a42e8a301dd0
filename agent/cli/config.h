// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/settings/settings.h"

namespace keyferry::cli {

// An agent's settings with those of all its workers, in the order of its domains.
struct AllSettings {
  settings::AgentSettings agent;
  std::vector<settings::WorkerSettings> workers;
};

// Loads all files and holds them against each other: names of domains, sockets and state directories of their own. All
// errors of all files in one Code::kSettingsInvalid.
Result<AllSettings> LoadAll(const std::string& path);

// `keyferry config check`: of an agent's file with its workers' files, or of one worker's file.
Result<ExitCode> CheckConfig(const std::string& path, bool json);

}  // namespace keyferry::cli
