// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace keyferry::cli {

// The program `keyferry`: reads the command line, runs one command, prints its error. Returns the exit code.
int Main(int argc, char** argv);

}  // namespace keyferry::cli
