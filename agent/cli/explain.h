// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "protocol/base/result.h"

namespace keyferry::cli {

// `keyferry explain CODE`: what a code means for who meets it. All codes where `name` is empty; Code::kUsage with the
// nearest where it is unknown.
Result<ExitCode> Explain(const std::string& name, bool json);

}  // namespace keyferry::cli
