// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/base/item.h"

namespace keyferry::fakes {

// One case of a published key wrap test: NIST CAVS (SP 800-38F, authenticated decryption) or Wycheproof.
struct WrapVector {
  std::string name;  // "KWP_AD_256.txt length 64 count 3", "aes_kwp_test.json tcId 7 (ModifiedPadding)"
  WrapMethod method = WrapMethod::kAesKwp;
  Bytes kek;
  Bytes wrapped;
  Bytes key;                // what it unwraps to, where `valid`
  bool valid = false;       // must unwrap
  bool may_refuse = false;  // Wycheproof "acceptable": to unwrap and to refuse are both right
};

// $KEYFERRY_DATA, or ../shared/data from the source tree.
std::string DataDirectory();
bool HaveData();

// Every case of every file. Aborts where a file is missing or reads wrongly.
std::vector<WrapVector> WrapVectors();

}  // namespace keyferry::fakes

// First in a test that needs the data: skips it, saying so; fails where CI is set.
#define KF_NEED_DATA()                                                                          \
  if (!::keyferry::fakes::HaveData()) {                                                         \
    if (std::getenv("CI") != nullptr) {                                                         \
      FAIL() << "no test data at " << ::keyferry::fakes::DataDirectory() << " (KEYFERRY_DATA)"; \
    }                                                                                           \
    GTEST_SKIP() << "no test data at " << ::keyferry::fakes::DataDirectory();                   \
  }
