// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// keyferry: what an agent's operators run on its host.
#include "agent/cli/program.h"

int main(int argc, char** argv) { return keyferry::cli::Main(argc, argv); }
