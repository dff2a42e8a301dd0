// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/integration/secrecy/raw_call.h"

namespace keyferry::secrecy {

// A change that would weaken a key which is there: for C_SetAttributeValue and C_CopyObject.
struct Weakening {
  std::string name;
  RawTemplate change;
};
const std::vector<Weakening>& Weakenings();

// A change to the template of an unwrap.
struct Twist {
  std::string name;
  std::function<void(RawTemplate&)> apply;
};
const std::vector<Twist>& Twists();

}  // namespace keyferry::secrecy
