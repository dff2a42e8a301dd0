// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/read_back.h"

#include <algorithm>

#include "targets/cryptoki/ckr.h"

namespace keyferry::hsm {
namespace {

// Room for a date where none is expected, and for one octet more than expected, so that what is longer is seen.
constexpr std::size_t kRoom = 9;
constexpr std::size_t kMostShown = 8;

bool IsBigInteger(CK_ATTRIBUTE_TYPE type) { return type == CKA_MODULUS || type == CKA_PUBLIC_EXPONENT; }

ByteView WithoutLeadingZeros(ByteView value) {
  const auto first = std::ranges::find_if(value, [](std::uint8_t octet) { return octet != 0; });
  return value.subspan(static_cast<std::size_t>(first - value.begin()));
}

bool Same(const Fact& fact, ByteView seen) {
  if (IsBigInteger(fact.type)) {
    return Equal(WithoutLeadingZeros(fact.value), WithoutLeadingZeros(seen));
  }
  return Equal(fact.value, seen);
}

std::string Shown(ByteView value) {
  if (value.empty()) {
    return "empty";
  }
  return HexEncode(value.first(std::min(value.size(), kMostShown))) + (value.size() > kMostShown ? "…" : "");
}

// One call's worth of attributes and the memory behind them.
struct Reading {
  std::vector<CK_ATTRIBUTE> attributes;
  Bytes memory;
};

Reading Prepare(const std::vector<Fact>& expected, std::optional<CK_ATTRIBUTE_TYPE> hidden) {
  Reading reading;
  std::size_t total = 0;
  for (const Fact& fact : expected) {
    total += fact.value.size() + kRoom;
  }
  reading.memory.resize(total);
  std::uint8_t* at = reading.memory.data();
  for (const Fact& fact : expected) {
    reading.attributes.push_back({fact.type, at, fact.value.size() + kRoom});
    at += fact.value.size() + kRoom;
  }
  if (hidden) {
    reading.attributes.push_back({*hidden, nullptr, 0});
  }
  return reading;
}

// Answers that leave every attribute filled or marked as unavailable (PKCS#11 2.40, C_GetAttributeValue).
bool IsComplete(CK_RV rv) {
  return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
         rv == CKR_BUFFER_TOO_SMALL;
}

}  // namespace

Result<std::optional<std::string>> FindDifference(cryptoki::Session& session, CK_OBJECT_HANDLE object,
                                                  const std::vector<Fact>& expected,
                                                  std::optional<CK_ATTRIBUTE_TYPE> hidden) {
  Reading reading = Prepare(expected, hidden);
  const CK_RV rv = session.module().functions().C_GetAttributeValue(session.handle(), object, reading.attributes.data(),
                                                                    reading.attributes.size());
  if (!IsComplete(rv)) {
    return std::unexpected(cryptoki::CkrError(rv, "C_GetAttributeValue", "reading an object back"));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const CK_ATTRIBUTE& read = reading.attributes[i];
    const bool shown = read.ulValueLen <= expected[i].value.size() + kRoom;
    const ByteView seen(static_cast<const std::uint8_t*>(read.pValue), shown ? read.ulValueLen : 0);
    if (!Same(expected[i], seen)) {
      return cryptoki::CkaName(expected[i].type) + " is " + (shown ? Shown(seen) : "not shown") + ", asked for was " +
             Shown(expected[i].value);
    }
  }
  if (hidden && reading.attributes.back().ulValueLen != CK_UNAVAILABLE_INFORMATION) {
    return cryptoki::CkaName(*hidden) + " can be read: the token did not keep the key to itself";
  }
  return std::nullopt;
}

}  // namespace keyferry::hsm
