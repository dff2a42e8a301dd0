// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/session.h"

namespace keyferry::hsm {

// One attribute as it must be, in the octets of PKCS#11 (CK_BBOOL, CK_ULONG, CK_DATE, octets).
struct Fact {
  CK_ATTRIBUTE_TYPE type = 0;
  Bytes value;
};

// Reads all of `expected` in one C_GetAttributeValue call. `hidden` is asked for by its length only, so that a token
// that would show it hands nothing out. An attribute that the object does not have counts as empty; big integers
// compare without leading zeros. nullopt: all are as expected, and `hidden` is not shown. Else the first difference,
// for people. Errors are those of the token.
Result<std::optional<std::string>> FindDifference(cryptoki::Session& session, CK_OBJECT_HANDLE object,
                                                  const std::vector<Fact>& expected,
                                                  std::optional<CK_ATTRIBUTE_TYPE> hidden);

}  // namespace keyferry::hsm
