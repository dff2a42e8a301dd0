// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/read_back.h"

#include <algorithm>

#include "targets/cryptoki/ckr.h"

namespace keyferry::hsm {
namespace {

// Room for a date where none is expected.
constexpr std::size_t kDateOctets = 8;
constexpr std::size_t kMostShown = 8;

bool IsBigInteger(CK_ATTRIBUTE_TYPE type) { return type == CKA_MODULUS || type == CKA_PUBLIC_EXPONENT; }

ByteView WithoutLeadingZeros(ByteView value) {
  const auto first = std::ranges::find_if(value, [](std::uint8_t octet) { return octet != 0; });
  return value.subspan(static_cast<std::size_t>(first - value.begin()));
}

// Exactly what is expected where that is known, since some tokens take a buffer of another size for a wrong one; a
// value that is longer does not fit and counts as not shown. Big integers may have one more zero in front.
std::size_t RoomFor(const Fact& fact) {
  if (fact.value.empty()) {
    return kDateOctets;
  }
  return IsBigInteger(fact.type) ? fact.value.size() + 1 : fact.value.size();
}

bool IsZero(ByteView value) {
  return std::ranges::all_of(value, [](std::uint8_t octet) { return octet == 0; });
}

bool Same(const Fact& fact, ByteView seen) {
  // Some tokens do not note the length of what was unwrapped, and answer 0 or nothing. Then the check value speaks for
  // it: AES computes with no other length in the same number of blocks.
  if (fact.type == CKA_VALUE_LEN && IsZero(seen)) {
    return true;
  }
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
    total += RoomFor(fact);
  }
  reading.memory.resize(total);
  std::uint8_t* at = reading.memory.data();
  for (const Fact& fact : expected) {
    reading.attributes.push_back({fact.type, at, RoomFor(fact)});
    at += RoomFor(fact);
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

// Some tokens fail the whole call for one attribute that they cannot show (SoftHSM2: the dates of private objects).
// Names that one; nullopt where the object cannot be read at all.
std::optional<std::string> FindCulprit(cryptoki::Session& session, CK_OBJECT_HANDLE object,
                                       const std::vector<Fact>& expected) {
  bool any_read = false;
  std::optional<std::string> culprit;
  for (const Fact& fact : expected) {
    Reading one = Prepare({fact}, std::nullopt);
    const CK_RV rv =
        session.module().functions().C_GetAttributeValue(session.handle(), object, one.attributes.data(), 1);
    any_read = any_read || rv == CKR_OK;
    if (!IsComplete(rv) && !culprit) {
      culprit = cryptoki::CkaName(fact.type) + " cannot be read back: " + cryptoki::CkrName(rv);
    }
  }
  return any_read ? culprit : std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> FindDifference(cryptoki::Session& session, CK_OBJECT_HANDLE object,
                                                  const std::vector<Fact>& expected,
                                                  std::optional<CK_ATTRIBUTE_TYPE> hidden) {
  Reading reading = Prepare(expected, hidden);
  const CK_RV rv = session.module().functions().C_GetAttributeValue(session.handle(), object, reading.attributes.data(),
                                                                    reading.attributes.size());
  if (!IsComplete(rv)) {
    if (auto culprit = FindCulprit(session, object, expected)) {
      return culprit;
    }
    return std::unexpected(cryptoki::CkrError(rv, "C_GetAttributeValue", "reading an object back"));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const CK_ATTRIBUTE& read = reading.attributes[i];
    const bool shown = read.ulValueLen <= RoomFor(expected[i]);
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
