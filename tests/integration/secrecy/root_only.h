// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

// Looking into processes that are not dumpable wants root. A CI run without root is an error, never a silent gap.
#define KEYFERRY_ROOT_ONLY()                                                                                       \
  do {                                                                                                             \
    if (geteuid() == 0) break;                                                                                     \
    if (std::getenv("CI") != nullptr) FAIL() << "this proof wants root, to read the memory of the programs";       \
    GTEST_SKIP() << "this proof wants root, to read the memory of programs that are not dumpable: run it as root"; \
  } while (false)
