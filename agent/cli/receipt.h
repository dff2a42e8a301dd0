// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace keyferry::cli {

// `keyferry receipt verify`: offline, with the keys of a domain's record (STATE_DIR/record.kfr) or of the KMS's
// enrolment file (HOME/enrolments/….json). Says of every file whether it is genuine; the result is the exit code of the
// first that is not.
Result<ExitCode> VerifyReceipts(const std::vector<std::string>& files, const std::string& record_path, bool json);

// `keyferry receipt show`: what the files say, without verifying anything, and says that.
Result<ExitCode> ShowReceipts(const std::vector<std::string>& files, bool json);

}  // namespace keyferry::cli
